import Testing
import Time

struct TimeSpanTests {
    @Test func `units are nanoseconds in the end`() {
        #expect(TimeSpan.nanoseconds(7).nanoseconds == 7)
        #expect(TimeSpan.microseconds(7).nanoseconds == 7000)
        #expect(TimeSpan.milliseconds(7).nanoseconds == 7_000_000)
        #expect(TimeSpan.seconds(-7).nanoseconds == -7_000_000_000)
        #expect(TimeSpan.zero.nanoseconds == 0)
    }

    @Test func `fractions of units are cut to whole nanoseconds`() {
        #expect(TimeSpan.milliseconds(0.25) == .microseconds(250))
        #expect(TimeSpan.milliseconds(0.0000019) == .nanoseconds(1))
        #expect(TimeSpan.seconds(1.5) == .milliseconds(1500))
        #expect(TimeSpan.seconds(-0.5) == .milliseconds(-500))
    }

    @Test func `whole units are rounded towards zero`() {
        let span = TimeSpan.nanoseconds(1_999_999)
        #expect(span.microseconds == 1999)
        #expect(span.milliseconds == 1)
        #expect((-span).milliseconds == -1)
        #expect(TimeSpan.milliseconds(1500).seconds == 1.5)
    }

    @Test func `spans are added, scaled and compared`() {
        #expect(TimeSpan.seconds(1) + .milliseconds(1) == .milliseconds(1001))
        #expect(TimeSpan.seconds(1) - .milliseconds(1) == .milliseconds(999))
        #expect(3 * TimeSpan.seconds(1) == .seconds(3))
        #expect(TimeSpan.seconds(1) * 3 == .seconds(3))
        #expect(TimeSpan.seconds(1) / 4 == .milliseconds(250))
        #expect(TimeSpan.seconds(1) / TimeSpan.milliseconds(250) == 4)
        #expect(TimeSpan.milliseconds(999) < .seconds(1))
        var span = TimeSpan.seconds(1)
        span += .seconds(2)
        span -= .milliseconds(500)
        #expect(span == .milliseconds(2500))
    }

    @Test func `instants are moved by spans, and lie spans apart`() {
        let start = Instant(nanoseconds: 5_000_000_000)
        #expect(start + .seconds(1) == Instant(nanoseconds: 6_000_000_000))
        #expect(start - .seconds(6) == Instant(nanoseconds: -1_000_000_000))
        #expect(start + .seconds(1) - start == .seconds(1))
        #expect(start < start + .nanoseconds(1))
        var now = Instant.zero
        now += .milliseconds(3)
        #expect(now == Instant(nanoseconds: 3_000_000))
    }
}
