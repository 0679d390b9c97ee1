# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# clients        measures how a dozen clients handle a refused upload: writes the
#                tables in docs/operations.md; about 10 minutes
# check-clients  with Linger Full, the clients that check installs read the
#                document

CLIENTS_PACKAGES = $(BUILD_PACKAGES) perl curl wget php-cli php-curl \
    python3-requests python3-aiohttp python3-httpx nodejs:node libwww-perl ruby \
    golang-go default-jdk-headless chromium
CLIENTS_DIR = build/clients

# preloaded into httpd
$(CLIENTS_DIR)/received.so: t/clients/received.c
	@mkdir -p $(@D)
	gcc -std=c99 -Wall -Wextra -Wshadow -Werror -O2 -shared -fPIC -o $@ $<

$(CLIENTS_DIR)/put_go: t/clients/programs/put.go
	@mkdir -p $(@D)
	GO111MODULE=off GOCACHE=$(CURDIR)/$(CLIENTS_DIR)/go-cache \
	    go build -o $@ $<

$(CLIENTS_DIR)/Put.class: t/clients/programs/Put.java
	@mkdir -p $(@D)
	javac -d $(@D) $<

# Clients that tests of check-company start come by npm, exactly as package-lock.json
# says, into build/.
NPM_LOCK = $(CLIENTS_DIR)/npm/node_modules/.package-lock.json

$(NPM_LOCK): t/clients/npm/package.json t/clients/npm/package-lock.json \
    t/clients/npm/.npmrc
	@mkdir -p $(CLIENTS_DIR)/npm
	cp $^ $(CLIENTS_DIR)/npm/
	cd $(CLIENTS_DIR)/npm && npm ci --ignore-scripts
	@touch $@

.PHONY: clients measure-clients check-clients
clients:
	@tools/need $(CLIENTS_PACKAGES)
	@$(MAKE) -f Makefile.apxs measure-clients

measure-clients: all $(CLIENTS_DIR)/received.so $(CLIENTS_DIR)/put_go \
    $(CLIENTS_DIR)/Put.class
	t/clients/measure --docs=docs/operations.md

check-clients: all $(CLIENTS_DIR)/received.so
	prove t/clients/the-simulated-line-keeps-its-promises.t
	t/clients/measure --check
