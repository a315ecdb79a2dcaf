#!/usr/bin/perl
# report.pl LOG: reads what `swift build` and `swift test` print, keeps all of it in the file LOG, and shows what a person
# reads: errors, failures with their arguments, suites, and every 20 seconds how far it is. What failed is shown once more at
# the end. If the program died, the tests that had begun and not ended are named.
#
# Swift Testing begins all tests at once and ends nearly all of them at the end, so the cases that have begun are the measure;
# how many there are in all is known from the LOG of the run before.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Handle;

my ($log_path) = @ARGV or die "report.pl LOG\n";
my $expected_cases = cases_of_last_run();
make_path(dirname($log_path));
open(my $log, ">", $log_path) or die "$log_path: $!\n";
$| = 1;

my $interval = 20;
my $longest_line = 4000;
my ($start, $last_report) = (time, time);
my ($cases, $ended, $issues) = (0, 0, 0);
my $build_step = '';
my ($events, %last_event) = (0);
my (%running, %last_case, @failures);
my ($run_has_ended, $has_no_tests) = (0, 0);
# What a line without a symbol of its own belongs to: 'arguments' of a test case, a 'failure', or nothing.
my $inside = '';

sub cases_of_last_run {
    open(my $last, '<', $log_path) or return 0;
    my ($count, $is_whole) = (0, 0);
    while (<$last>) {
        $count++ if /^◇ Test case passing /;
        $is_whole = 1 if /^(?:✔|✘) Test run with /;
    }
    return $is_whole ? $count : 0;
}

sub report_progress {
    my $seconds = time - $start;
    my $time = sprintf('%d:%02d min', $seconds / 60, $seconds % 60);
    $last_report = time;
    $log->flush;
    if (%running) {
        my $of = $expected_cases >= $cases ? " of about $expected_cases" : '';
        my $begun = $ended + keys %running;
        print "… $time: $cases$of cases begun, $ended of $begun tests ended, $issues issues\n";
    } elsif ($build_step ne '') {
        print "… $time: $build_step";
    } else {
        print "… $time\n";
    }
}

# An argument may be megabytes long. The test's name and the beginning of its arguments are at one end of the line, the place
# and what was expected at the other.
sub shortened {
    my $line = shift;
    my $length = length $line;
    return $line if $length <= $longest_line;
    return substr($line, 0, $longest_line / 2) . " … ($length bytes; all are in $log_path) … "
        . substr($line, -$longest_line / 2);
}

sub show {
    my $line = shortened(shift);
    print $line;
    push @failures, $line if $inside eq 'failure';
}

sub note_end_of_test {
    my ($name) = @_;
    delete $running{$name};
    $ended++;
}

sub handle {
    my $line = shift;
    print $log $line;
    if ($inside eq 'arguments') {
        $inside = '' if $line =~ / started\.$/;
        return;
    }
    # Other lines belong to what came before them: comments (↳), and values that have several lines.
    my $symbol = $line =~ /^(◇|✔|✘|➜|⚠) / ? $1 : '';
    $inside = $symbol eq '✘' ? 'failure' : '' if $symbol ne '';
    if ($line =~ /^◇ Test case passing /) {
        $cases++;
        if ($line =~ /^◇ Test case passing (.*) to (".*") started\.$/) {
            $last_case{$2} = $1;
            $last_event{$2} = ++$events;
        } elsif ($line !~ / started\.$/) {
            $inside = 'arguments';
        }
        return;
    }
    if ($line =~ /^\[\d+\/\d+\] /) {
        $build_step = $line;
        return;
    }
    $issues++ if $line =~ /^✘ Test .* recorded an issue /;
    if ($line =~ /^(?:✔|✘) Test run /) {
        $run_has_ended = 1;
        $has_no_tests = $line =~ /^✔ Test run with 0 tests /;
    } elsif ($line =~ /^◇ Test (?!run )(.*) started\.$/) {
        $running{$1} = 1;
        $last_event{$1} = ++$events;
        return;
    } elsif ($line =~ /^✔ Test (.*?)(?: with \d+ test cases?)? passed after /) {
        return note_end_of_test($1);
    } elsif ($line =~ /^✘ Test (.*?)(?: with \d+ test cases?)? failed after /) {
        note_end_of_test($1);
    } elsif ($line =~ /^◇ Suite /) {
        return;
    }
    show($line);
}

my $rest = '';
while (1) {
    my $ready = '';
    vec($ready, fileno(STDIN), 1) = 1;
    if (select($ready, undef, undef, 1) > 0) {
        sysread(STDIN, $rest, 1 << 20, length $rest) or last;
        while ((my $end = index($rest, "\n")) >= 0) { handle(substr($rest, 0, $end + 1, '')) }
    }
    report_progress() if time - $last_report >= $interval;
}
handle("$rest\n") if $rest ne '';
close $log;

# A misspelt TESTS would be green.
if ($has_no_tests) {
    print "\nNo test ran: TESTS matches none.\n";
    exit 1;
}
print "\nWhat failed, once more:\n", @failures if @failures;
if (%running && !$run_has_ended) {
    my @names = sort { $last_event{$b} <=> $last_event{$a} } keys %running;
    print "\nThe run broke off. Of ", scalar(@names), " tests that had begun and not ended, those that last did something:\n";
    for my $name (@names[0 .. ($#names < 29 ? $#names : 29)]) {
        my $case = $last_case{$name};
        print "  $name", defined $case ? ", its last case with " . substr($case, 0, 300) : "", "\n";
    }
}
