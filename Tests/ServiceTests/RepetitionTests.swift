import Testing
import Time

@testable import Service

@Suite struct RepetitionTests {
    @Test func `however often a run is asked for while one is under way, one more follows`() {
        var run = CoalescedRun()
        #expect(!run.isUnderWay)
        run.begin()
        #expect(run.isUnderWay)
        let askedFirst = (1...3).map { _ in run.repeatAfterwards() }
        #expect(askedFirst == [true, false, false])
        var mustRepeat = run.end()
        #expect(mustRepeat && !run.isUnderWay, "the one more is the caller's to begin")
        run.begin()
        mustRepeat = run.end()
        #expect(!mustRepeat, "nobody has asked during this one")
    }

    @Test func `waiting times double up to a bound, and begin anew after a reset`() {
        var backoff = Backoff()
        let milliseconds = (0..<12).map { _ in backoff.next() / .milliseconds(1) }
        let ceilings: [Double] = [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000]
        for (wait, ceiling) in zip(milliseconds, ceilings) {
            #expect(wait >= ceiling / 2 && wait <= ceiling)
        }
        let capped = backoff.next(atMost: .seconds(1))
        #expect(capped <= .seconds(1))
        backoff.reset()
        let first = backoff.next()
        #expect(first <= .milliseconds(50))
    }
}
