"""How the operators' pages write dates."""
