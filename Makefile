# Everything that is installed goes under this folder: .venv, node_modules and build.
.DEFAULT_GOAL := help
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export npm_config_cache := $(CURDIR)/build/npm
export PIP_DISABLE_PIP_VERSION_CHECK := 1
INSTALLED := build/installed
CONTEXT = $(if $(CHOICES),--context stethoscript=$(CHOICES))
# Of what Control Tower's rules come with, all that would run them in the CDK: cfn-guard runs them here.
NOT_SCANNING := aws-cdk-lib aws-cdk-asset-awscli-v1 aws-cdk-asset-node-proxy-agent-v6 aws-cdk-cloud-assembly-schema \
	constructs jsii publication

help:  ## Show what can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED)  ## Deploy to an embedded AWS and transcribe three recordings; AUDIO=file for one of your own
	@python -m local.demo $(if $(AUDIO),"$(AUDIO)") $(if $(PROFILE),--profile $(PROFILE))

cloud: $(INSTALLED)  ## Run the embedded AWS, with Transcribe Medical in it, until Ctrl-C; PORT=n to listen elsewhere than 4566
	@python -m local.cloud $(if $(PORT),--port $(PORT))

cloud-stacks: $(INSTALLED)  ## Deploy the stacks to the cloud that `make cloud` runs; PORT=n as there
	@python -m local.deploy $(if $(PORT),--port $(PORT))

test: $(INSTALLED)  ## Run every test but the heavy proofs
	python -m pytest tests

unit: $(INSTALLED)  ## Run the unit tests: a few seconds
	python -m pytest tests/unit

prove: $(INSTALLED)  ## Run the heavy proofs as well
	python -m pytest tests --prove

bench-documents: $(INSTALLED)  ## Measure what documents cost, beside json.loads and tscribe, and the cold starts
	@PYTHONPATH=lambdas python -m benchmarks.documents

bench-recogniser: $(INSTALLED)  ## Measure the recogniser beside two others; RECORDINGS=dir for more recordings
	python -m benchmarks.recogniser $(if $(RECORDINGS),--recordings "$(RECORDINGS)")

check: $(INSTALLED)  ## Check style and types
	ruff check . && ruff format --check . && mypy

scan: $(INSTALLED)  ## Scan the templates with checkov, parliament and AWS Control Tower's rules, installed on first use
	@PYTHONPATH=lambdas python -m tests.scan

audit: $(INSTALLED)  ## Ask PyPI which known vulnerabilities the locked packages have
	@python -m tests.supply.audit

sbom: $(INSTALLED)  ## Write into build/sbom what is deployed and what is installed to develop it, as CycloneDX 1.6
	@python -m tests.supply.sbom

pages: $(INSTALLED)  ## Write those parts of docs/ anew that are made from what is deployed
	@PYTHONPATH=lambdas python -m tests.stacks.page && python -m tests.supply.licences

simulate: $(INSTALLED)  ## Run the functions through 300 worlds of misfortune; SEEDS=n for more, SEED=n to replay one
	@PYTHONPATH=lambdas python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),300))

bench-backlog: $(INSTALLED)  ## Measure 100,000 uploads at once, beside the public samples' design
	@PYTHONPATH=lambdas python -m benchmarks.backlog

bench-cost: $(INSTALLED)  ## Reckon what a month costs from the calls that the functions make, beside what it was before
	@PYTHONPATH=lambdas python -m benchmarks.cost

synth: $(INSTALLED)  ## Write the CloudFormation templates for AWS into cdk.out; CHOICES=file for others than cdk.json's
	node_modules/.bin/cdk synth --quiet $(CONTEXT)

deploy: $(INSTALLED)  ## Deploy to the AWS account of your credentials; CHOICES=file as above
	node_modules/.bin/cdk deploy --all $(CONTEXT)

restore: $(INSTALLED)  ## Bring back what was changed or deleted by hand in AWS, as it was deployed; CHOICES=file as above
	node_modules/.bin/cdk deploy --all --revert-drift $(CONTEXT)

lock: $(INSTALLED)  ## Resolve the pinned requirements anew into the lock files
	@pip install --quiet --upgrade --target build/uv uv && \
	uv="build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url" && \
	$$uv requirements.txt local/requirements.txt operations/requirements.txt tests/requirements.txt --output-file requirements.lock && \
	$$uv lambdas/requirements.txt --output-file lambdas/requirements.lock && \
	$$uv tests/supply/requirements.txt --output-file tests/supply/requirements.lock && \
	$$uv tests/scan/requirements.txt --output-file tests/scan/requirements.lock $(addprefix --no-emit-package ,$(NOT_SCANNING))

install: $(INSTALLED)  ## Install everything the other commands need

clean:  ## Remove what was built and what the embedded AWS remembers; keep what was installed
	rm -rf build/demo build/cloud build/tests build/sbom cdk.out

$(INSTALLED): requirements.lock local/models.txt lambdas/requirements.lock package-lock.json
	@$(PYTHON) local/install.py
	@touch $@

.PHONY: $(shell awk -F: '/^[a-z-]+:.*## / {print $$1}' $(MAKEFILE_LIST))
