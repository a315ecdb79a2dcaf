import Configuration
import Testing

@testable import Service

struct DescriptorBudgetTests {
    private let settings: Settings

    init() {
        var settings = Settings()
        settings.listen.maxClients = 1000
        self.settings = settings
    }

    @Test(arguments: [0, 40, 64, 200, 1024, 1100, 1200, 4096, .max])
    func `clients, refused ones and the daemon itself share what the process may have`(_ allowed: Int) {
        let budget = DescriptorBudget(settings, allowed: allowed)
        #expect((1...1000).contains(budget.clients))
        #expect(budget.lingering >= 0)
        // The database's connections, and then some.
        #expect(budget.clients + budget.lingering + 36 <= max(allowed, 37))
        #expect((budget.warning == nil) == (budget.clients == 1000))
    }

    @Test func `where there is enough, all that are configured may come, and nothing is said`() {
        let budget = DescriptorBudget(settings, allowed: 3000)
        #expect(budget.clients == 1000 && budget.warning == nil)
        #expect(budget.lingering > 500)
    }

    @Test func `where there is not, the operator is told the setting, the limit and what to do`() throws {
        let warning = try #require(DescriptorBudget(settings, allowed: 1024).warning)
        for part in ["listen.max_clients = 1000", "limit is 1024", "LimitNOFILE="] {
            #expect(warning.contains(part), "\(warning)")
        }
    }
}
