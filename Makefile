# kindred: build, try, test, install. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PREFIX ?= /usr
DESTDIR ?=
SWIFT ?= swift
MINUTES ?= 60
# The server of demo and torture: mariadb is the machine's own, the others are brought by Tests/bring-server.sh.
SERVER ?= $(or $(KINDRED_SERVER),mariadb)
BROUGHT = $(filter-out mariadb,$(SERVER))
# A regular expression for the tests that test, asan and tsan run, such as TESTS=EndToEndTests; without it all.
TESTS ?=
# Which of the clients' tests: core, plugins or all.
CLIENT_TESTS ?= all
# The servers of test-servers: mysql, mariadb-11.8, and mariadb, which is the machine's own.
SERVERS ?= mariadb-11.8 mysql
MAY_BE_MISSING ?=
FUZZ_SECONDS ?= 15
FUZZ_FOUND ?= /tmp/kindred-fuzz
# 0: another one each time.
FUZZ_SEED ?= 0
# With Swift's own libraries inside, the program runs where there is no toolchain. The tests check exclusive access
# (SE-0176) at run time; the program itself, whose one thread does little else than touch shared state, does not.
RELEASE := $(SWIFT) build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked
FILTER := $(if $(TESTS),--filter '$(TESTS)')
# Shows failures, suites and progress; all that the tests print goes to the file.
REPORT := 2>&1 | Tests/report.pl
PACKAGES := mariadb-server-core mariadb-client-core libmariadb-dev libevent-dev pkg-config perl python3 netcat-openbsd
# What the program is linked with; everything else is in it.
RUNTIME_PACKAGES := libmariadb3 libevent-2.1-7

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: build ## shows what kindred does, on a private MariaDB, or SERVER=mysql, mariadb-11.8, with a small bookshop
	@[ -z '$(BROUGHT)' ] || Tests/bring-server.sh '$(BROUGHT)' >/dev/null
	@$$($(RELEASE) --show-bin-path)/kindred demo --server '$(SERVER)'

# The clients that the documents show are run by the tests; of these languages only PHP is not needed otherwise.
.PHONY: test
test asan tsan: PACKAGES += php-cli
test: deps ## format lint, build with warnings as errors, all tests
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
	@$(SWIFT) build --build-tests $(REPORT) .build/build.log
	@$(SWIFT) test --skip-build $(FILTER) $(REPORT) .build/test.log
	@[ -n '$(TESTS)' ] || KINDRED_BINARY=$$($(SWIFT) build --show-bin-path)/kindred clients/test core

# The tests of what is in clients/. `make test` does those that need nothing but Python.
.PHONY: test-clients
test-clients: PACKAGES += python3-venv python3-dev gcc
test-clients: deps ## the clients' tests, and SQLAlchemy's and graphene's own through them; CLIENT_TESTS=core, plugins, all
	@$(SWIFT) build --product kindred $(REPORT) .build/build.log
	@KINDRED_BINARY=$$($(SWIFT) build --show-bin-path)/kindred clients/test $(CLIENT_TESTS)

# A server that cannot be brought is a failure, unless MAY_BE_MISSING=1.
.PHONY: test-servers
test-servers: deps ## the tests on SERVERS (mariadb-11.8 mysql), which are brought first; TESTS narrows them
	@$(SWIFT) build --build-tests $(REPORT) .build/build.log
	@SWIFT='$(SWIFT)' MAY_BE_MISSING='$(MAY_BE_MISSING)' Tests/test-servers.sh '$(or $(TESTS),(EndToEnd|MariaDB|Service)Tests)' $(SERVERS)

.PHONY: build
build: deps ## the release binary
	$(RELEASE) --product kindred

.PHONY: bench
bench: build ## compares kindred with queries of one's own, on a million rows of a private MariaDB
	@$$($(RELEASE) --show-bin-path)/kindred bench --html bench.html

.PHONY: bench-micro
bench-micro: PACKAGES += valgrind
bench-micro: deps ## instruction counts of the hot path, under Valgrind
	$(RELEASE) --product MicroBench
	@$$($(RELEASE) --show-bin-path)/MicroBench

.PHONY: torture
torture: build ## breaks everything around kindred for MINUTES (60), on SERVER, with TLS=1 over TLS; prints a page
	$(RELEASE) --product Torture
	@[ -z '$(BROUGHT)' ] || Tests/bring-server.sh '$(BROUGHT)' >/dev/null
	@KINDRED_SERVER=$(SERVER) $$($(RELEASE) --show-bin-path)/Torture --minutes $(MINUTES) $(if $(TLS),--tls)

# A server that announces a row of 100 GB gets what it would get without the sanitizer: malloc says no.
.PHONY: asan
asan: deps ## all tests under AddressSanitizer and LeakSanitizer
	ASAN_OPTIONS=allocator_may_return_null=1 LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/lsan.supp:print_suppressions=0 \
	  $(SWIFT) test --sanitize=address --scratch-path .build-asan --disable-xctest $(FILTER) $(REPORT) .build-asan/test.log

.PHONY: tsan
tsan: deps ## all tests under ThreadSanitizer
	TSAN_OPTIONS=allocator_may_return_null=1:suppressions=$(CURDIR)/Tests/tsan.supp \
	  $(SWIFT) test --sanitize=thread --scratch-path .build-tsan --disable-xctest $(FILTER) $(REPORT) .build-tsan/test.log

# Everything that can fail, for a long time: about six hours on two cores with the values of here.
.PHONY: test-all
test-all: FUZZ_SECONDS = 3600
test-all: test test-clients test-servers asan tsan fuzz bench-micro torture ## all of these, fuzz for an hour each

# Fast, with all assertions, and with lld, which Swift brings: other linkers stumble over the instrumented code.
FUZZ := KINDRED_FUZZ=1 $(SWIFT) build -c release --scratch-path .build-fuzz -Xswiftc -sanitize=fuzzer,address \
  -Xcxx -fsanitize=fuzzer-no-link,address -Xswiftc -use-ld=lld -Xswiftc -enable-testing -Xswiftc -assert-config -Xswiftc Debug

.PHONY: fuzz
fuzz: deps ## fuzzers for FUZZ_SECONDS (15) each; inputs that break something go to FUZZ_FOUND (/tmp/kindred-fuzz)
	@for fuzzer in FuzzRequests FuzzDriver FuzzConfiguration; do $(FUZZ) --product $$fuzzer || exit 1; done
	@Tests/Fuzz/run.sh $$($(FUZZ) --show-bin-path) $(FUZZ_SECONDS) $(FUZZ_FOUND) $(FUZZ_SEED)

.PHONY: docs
docs: deps ## writes the example configuration, and the parts of docs/ that are made from records in the sources
	KINDRED_WRITE_DOCUMENTS=1 $(SWIFT) test --filter "GeneratedDocumentTests|MetricTests"

.PHONY: format
format: ## formats the sources
	$(SWIFT) format -i -r Sources Tests Package.swift

.PHONY: install
install: ## after make build, as root: the binary, the units, the example configuration, into DESTDIR
	@[ -x .build/release/kindred ] || { echo "run 'make build' first" >&2; exit 1; }
	install -s -D -m 755 .build/release/kindred $(DESTDIR)$(PREFIX)/bin/kindred
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system systemd/kindred.service systemd/kindred.socket
	sed -i 's|/usr/bin/kindred|$(PREFIX)/bin/kindred|' $(DESTDIR)$(PREFIX)/lib/systemd/system/kindred.service
	install -D -m 644 systemd/kindred.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/kindred.conf
	install -D -m 644 config/kindred.toml $(DESTDIR)$(PREFIX)/share/doc/kindred/kindred.toml
	@[ -n "$(DESTDIR)" ] || ! ldd $(PREFIX)/bin/kindred | grep 'not found' || \
	  echo "kindred needs $(RUNTIME_PACKAGES) to run: apt-get install $(RUNTIME_PACKAGES)"
	@echo "To upgrade a service that runs: systemctl daemon-reload && systemctl restart kindred"

.PHONY: uninstall
uninstall: ## as root: takes away what install has put there; /etc/kindred and the account stay
	@[ -n "$(DESTDIR)" ] || ! command -v systemctl >/dev/null || systemctl disable --now kindred.socket kindred.service || true
	rm -f $(DESTDIR)$(PREFIX)/bin/kindred $(DESTDIR)$(PREFIX)/lib/sysusers.d/kindred.conf
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/systemd/system/,kindred.service kindred.socket)
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/kindred
	@[ -n "$(DESTDIR)" ] || ! command -v systemctl >/dev/null || systemctl daemon-reload || true

.PHONY: clean
clean: ## removes everything that was built
	rm -rf .build .build-asan .build-tsan .build-fuzz

# Debian's packages, if some are missing. Quick and silent if none is.
.PHONY: deps
deps:
	@command -v $(SWIFT) >/dev/null || { echo "swift 6.2 or newer was not found; see https://www.swift.org/install/linux/" >&2; exit 1; }
	@missing=$$(for package in $(PACKAGES); do \
	  dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	[ -z "$$missing" ] && exit 0; \
	[ "$$(id -u)" = 0 ] || sudo=sudo; \
	echo "Installing" $$missing; \
	install="$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"; \
	$$install $$missing >/dev/null 2>&1 || { $$sudo apt-get update -qq && $$install $$missing >/dev/null; }
