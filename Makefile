# Every target hands over to deploy/local, which prepares the environment first. `make` alone prints this menu.
.DEFAULT_GOAL := menu
.PHONY: menu up down status logs shell test check format schema demo bench bots nightly lock clean
RUN := deploy/local/run
export PORT DETACH PYTHON YES

menu:
	@echo 'Hotseat. make TARGET, where TARGET is one of:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-10s %s\n", $$1, $$2}'

up: ## set everything up and run the platform until Ctrl-C (PORT=8000; DETACH=1 returns when it is ready)
	@$(RUN) base up

down: ## stop all that make up started, and nothing else
	@$(RUN) base down

status: ## what runs now, and whether it is ready
	@$(RUN) base status

logs: ## follow the logs of everything that runs
	@$(RUN) base logs

shell: ## a shell in which manage.py reaches the running platform
	@$(RUN) base shell

test: ## run every test but the slow proofs, journeys last (ARGS='-k clock' goes to pytest)
	@$(RUN) dev test $(if $(ARGS),-- $(ARGS))

check: ## style, types, imports, migrations, API description: under a minute
	@$(RUN) dev check

format: ## put every file into the one format
	@$(RUN) dev format

schema: ## write docs/api/openapi.yaml anew from the code
	@$(RUN) dev schema

demo: ## play one whole incident against the running platform, from start to sign-off
	@$(RUN) base demo $(if $(ARGS),-- $(ARGS))

bench: ## measure latency and throughput on this machine (ARGS go to the benchmark)
	@$(RUN) dev bench $(if $(ARGS),-- $(ARGS))

bots: ## play each failure class in several manners and show what the evidence proposes (ARGS='--class H4')
	@$(RUN) dev bots $(if $(ARGS),-- $(ARGS))

nightly: ## the slow proofs that make test leaves out
	@$(RUN) dev test -- -m nightly $(ARGS)

lock: ## pin and hash the newest versions that requirements/*.in allow
	@$(RUN) dev lock

clean: ## stop everything and forget all local state: database, repositories, environment (asks first; YES=1 does not)
	@$(RUN) base clean
