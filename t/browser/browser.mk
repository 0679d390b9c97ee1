# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-browser    conf-examples/upload.html in Chromium, over HTTP/1.1 and
#                  HTTP/2, against conf-examples/browser.conf
# measure-browser  measures each ExpectPolicyLinger there; takes minutes
#
# playwright-core comes by npm, exactly as package-lock.json says, into build/.

# PACKAGE:COMMAND: the package is needed only where the command is missing,
# since node often comes from elsewhere than Debian, npm along with it
BROWSER_PACKAGES = chromium nodejs:node npm:npm openssl python3-jsonschema
BROWSER_BUILD = build/browser
BROWSER_LOCK = $(BROWSER_BUILD)/node_modules/.package-lock.json

$(BROWSER_LOCK): t/browser/package.json t/browser/package-lock.json \
    t/browser/.npmrc
	@mkdir -p $(BROWSER_BUILD)
	cp $^ $(BROWSER_BUILD)/
	cd $(BROWSER_BUILD) && npm ci --ignore-scripts
	@touch $@

.PHONY: check-browser
check-browser: all $(BROWSER_LOCK)
	t/browser/run

# the pictures in docs/pictures, made again: look at them
.PHONY: pictures
pictures: all $(BROWSER_LOCK)
	@mkdir -p $(BROWSER_BUILD)/shots
	t/browser/run --shots $(BROWSER_BUILD)/shots
	for picture in docs/pictures/*.png; do \
	    cp $(BROWSER_BUILD)/shots/$${picture##*/} $$picture || exit 1; \
	done

.PHONY: measure-browser
measure-browser:
	@tools/need $(BUILD_PACKAGES) $(BROWSER_PACKAGES)
	@$(MAKE) -f Makefile.apxs all $(BROWSER_LOCK)
	t/browser/run --measure
