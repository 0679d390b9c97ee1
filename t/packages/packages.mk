# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-packages   Debian's packages: built twice and equal, without a complaint of
#                  lintian's, and installed, upgraded and purged in a Debian of their
#                  own below build/ (root only)

.PHONY: check-packages
check-packages:
	@tools/need $(DEB_PACKAGES) debootstrap iproute2
	t/packages/check
