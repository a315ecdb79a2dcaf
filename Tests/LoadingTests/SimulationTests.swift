import Testing

/// Thousands of histories of the engine, each from a seed, in virtual time. What must hold in all of them is
/// said by `ReplyOracle`, for every reply, and by `InvariantChecker`, for every moment. One that goes wrong
/// is told from its beginning; the fault profile and the seed are all it takes to have it again.
@Suite struct SimulationTests {
    private func expectNoFault(_ profile: FaultProfile, _ seed: UInt64) {
        let fault = Simulation.fault(profile, seed: seed)
        #expect(fault == nil, "\(fault ?? "")")
    }

    @Test(arguments: UInt64(0)..<400)
    func `loads that share queries get the same bytes as alone, in time`(seed: UInt64) {
        expectNoFault(.calm, seed)
    }

    @Test(arguments: UInt64(0)..<150)
    func `nobody starves while more is asked for than the database can give`(seed: UInt64) {
        expectNoFault(.overload, seed)
    }

    @Test(arguments: UInt64(0)..<400)
    func `who gives up or hangs up is forgotten, and nobody else notices`(seed: UInt64) {
        expectNoFault(.impatient, seed)
    }

    @Test(arguments: UInt64(0)..<400)
    func `bounds hit only those who go beyond them`(seed: UInt64) {
        expectNoFault(.tight, seed)
    }

    @Test(arguments: UInt64(0)..<400)
    func `a key that makes queries fail fails only who asked for it`(seed: UInt64) {
        expectNoFault(.poisoned, seed)
    }

    @Test(arguments: UInt64(0)..<400)
    func `lost connections cost an error only those whose rows had begun to come`(seed: UInt64) {
        expectNoFault(.stormy, seed)
    }

    @Test(arguments: UInt64(0)..<400)
    func `whatever goes wrong together, everybody gets one answer`(seed: UInt64) {
        expectNoFault(.everything, seed)
    }
}
