# Everything that is installed goes under this folder: .venv, node_modules and build.
.DEFAULT_GOAL := help
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export npm_config_cache := $(CURDIR)/build/npm
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# uv compiles nothing: Python keeps what it compiles at the first import, or each command would compile the CDK again.
unexport PYTHONDONTWRITEBYTECODE
INSTALLED := build/installed
# Values are taken as they were typed: make does not expand `$$` in them, and the shell reads them from the environment.
TYPED := AUDIO CONFIG PORT PROFILE RECORDINGS SEED SEEDS
unexport $(TYPED)
$(foreach name,$(TYPED),$(eval export TYPED_$(name) := $$(value $(name))))
CONTEXT = $(if $(value CONFIG),--context "stethoscript=$$TYPED_CONFIG")
# Of what Control Tower's rules come with, all that would run them in the CDK: cfn-guard runs them here.
NOT_SCANNING := aws-cdk-lib aws-cdk-asset-awscli-v1 aws-cdk-asset-node-proxy-agent-v6 aws-cdk-cloud-assembly-schema \
	constructs jsii publication

help:  ## Show the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED)  ## Deploy to an embedded AWS and transcribe three recordings; AUDIO=file for one of your own
	@python -m local.demo $(if $(value AUDIO),--audio="$$TYPED_AUDIO") $(if $(value PROFILE),--profile="$$TYPED_PROFILE")

cloud: $(INSTALLED)  ## Run the embedded AWS, with Transcribe Medical in it, until Ctrl-C; PORT=n to listen elsewhere than 4566
	@python -m local.cloud $(if $(value PORT),--port="$$TYPED_PORT")

cloud-stacks: $(INSTALLED)  ## Deploy the stacks to the cloud that `make cloud` runs; PORT=n as there, CONFIG=file for your own
	@python -m local.deploy $(if $(value PORT),--port="$$TYPED_PORT") $(if $(value CONFIG),--config="$$TYPED_CONFIG")

test: $(INSTALLED)  ## Run all tests except the slow proofs, in two halves at the same time
	@$(MAKE) --no-print-directory --jobs=2 test-on-cloud test-without-cloud

test-on-cloud: $(INSTALLED)
	python -m pytest tests -m "needs_cloud or afterwards"

test-without-cloud: $(INSTALLED)
	python -m pytest tests -m "not needs_cloud"

unit: $(INSTALLED)  ## Run the unit tests: a few seconds
	python -m pytest tests/unit

prove: $(INSTALLED)  ## Run all tests, with the slow proofs
	python -m pytest tests --prove

bench-documents: $(INSTALLED)  ## Measure what documents cost, beside json.loads and tscribe, and the cold starts
	@python -m benchmarks.documents

bench-recogniser: $(INSTALLED)  ## Measure the recogniser beside two others; RECORDINGS=dir for more recordings
	python -m benchmarks.recogniser $(if $(value RECORDINGS),--recordings="$$TYPED_RECORDINGS")

bench-probe: $(INSTALLED)  ## Compare the audio probe with a decoder: whole, changed and cut-off files of real encoders
	@python -m benchmarks.probe

bench-review: $(INSTALLED)  ## Measure review points: precision and recall on sentences that were written before the rules
	@python -m benchmarks.review_points

compare-cloud: $(INSTALLED)  ## Record what our code sends to AWS, and compare the local cloud's and moto's answers with AWS's
	python -m pytest tests/functions tests/operations tests/local/test_pipeline.py tests/local/test_operations.py \
		tests/local/test_deployment_commands.py tests/local/test_cbor.py tests/local/test_gaps.py tests/comparison

check: $(INSTALLED)  ## Check style and types
	ruff check . && ruff format --check . && mypy

scan: $(INSTALLED)  ## Scan the templates with checkov, parliament and AWS Control Tower's rules, installed on first use
	@python -m tests.scan

audit: $(INSTALLED)  ## Ask PyPI for known vulnerabilities of the locked packages
	@python -m tests.supply.audit

sbom: $(INSTALLED)  ## Write bills of materials (CycloneDX 1.6) into build/sbom
	@python -m tests.supply.sbom

pages: $(INSTALLED)  ## Write the generated parts of docs/
	@python -m tests.stacks.generated_docs && python -m tests.comparison.page && \
	python -m tests.supply.licences

simulate: $(INSTALLED)  ## Simulate the functions with 300 seeds of random faults; SEEDS=n for more, SEED=n to replay one
	@python -m tests.simulation $(if $(value SEED),--seed="$$TYPED_SEED",--seeds="$${TYPED_SEEDS:-300}")

bench-backlog: $(INSTALLED)  ## Measure 100,000 uploads at once, beside the public samples' design
	@python -m benchmarks.backlog

bench-cost: $(INSTALLED)  ## Compute the cost of a month from the simulated calls of the functions
	@python -m benchmarks.cost

synth: $(INSTALLED)  ## Write the CloudFormation templates for AWS into cdk.out; CONFIG=file for a configuration other than cdk.json's
	node_modules/.bin/cdk synth --quiet $(CONTEXT)

deploy: $(INSTALLED)  ## Deploy to the AWS account of your credentials; CONFIG=file as above
	node_modules/.bin/cdk deploy --all $(CONTEXT)

restore: $(INSTALLED)  ## Restore resources that were changed or deleted by hand in AWS; CONFIG=file as above
	node_modules/.bin/cdk deploy --all --revert-drift $(CONTEXT)

lock: $(INSTALLED)  ## Resolve the pinned requirements into the lock files
	@uv="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url" && \
	$$uv requirements.txt local/requirements.txt operations/requirements.txt tests/requirements.txt --output-file requirements.lock && \
	$$uv lambdas/requirements.txt --output-file lambdas/requirements.lock && \
	$$uv tests/supply/requirements.txt --output-file tests/supply/requirements.lock && \
	$$uv --no-header --no-annotate local/uv.txt --output-file local/uv.txt && \
	$$uv tests/scan/requirements.txt --output-file tests/scan/requirements.lock $(addprefix --no-emit-package ,$(NOT_SCANNING))

install: $(INSTALLED)  ## Install everything that the other commands need

clean:  ## Remove build results and the state of the embedded AWS; keep the installation
	rm -rf build/demo build/demo.new build/demo.old build/demo-work build/cloud build/tests build/sbom cdk.out

$(INSTALLED): requirements.lock local/models.txt local/uv.txt lambdas/requirements.lock package-lock.json
	@$(PYTHON) local/install.py
	@touch $@

.PHONY: test-on-cloud test-without-cloud $(shell awk -F: '/^[a-z-]+:.*## / {print $$1}' $(MAKEFILE_LIST))
