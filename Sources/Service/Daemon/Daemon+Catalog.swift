import Batching
import Configuration
import Loading
import Logging
import MariaDB
import Reactor
import Relations

// What the daemon does with a schema that has been read, or could not be.

extension Daemon {
    /// Reads the schema again: the new server's may differ, or the server is of another kind than the one
    /// from which it was read.
    func serverChanged() {
        frontend.isSourceUncertain = frontend.catalogSource != nil
        refresher.server = servers.activeServer
        refresher.refresh()
    }

    func schemaRead(_ reading: CatalogRefresher.Reading) {
        switch reading.result {
        case .success(let found):
            schemaRead(found, by: reading)
        case .failure(let error): schemaUnreadable(error, isReload: reading.isReload)
        }
        startServing()
    }

    private func schemaUnreadable(_ error: DatabaseError, isReload: Bool) {
        let reason = error.explained(settings.database)
        let message = "the schema cannot be read: \(reason)"
        if isReload { return reloaded(failure: message) }
        defer {
            lastSchemaFailure = reason
            showStatus()
        }
        guard let before = engine.templates.unavailableReason else {
            if lastSchemaFailure != reason { logger.warning("the catalog stays as it was: \(message)") }
            return
        }
        if before != message {
            logger.error("\(message); until then loads are answered database_unavailable")
        }
        engine.templates.unavailableReason = message
    }

    private func schemaRead(_ found: CatalogRefresher.BuiltCatalog, by reading: CatalogRefresher.Reading) {
        let (new, isReload) = (reading.settings, reading.isReload)
        lastSchemaFailure = nil
        defer { showStatus() }
        if !found.faults.isEmpty {
            if isReload { return reloaded(failure: found.faults.map(\.message).joined(separator: "; ")) }
            if case .starting = phase { return stop(.misconfigured(found.faults)) }
        }
        if isReload { adopt(new) }
        frontend.catalogSource = found.source
        if reading.server == refresher.server { frontend.isSourceUncertain = false }
        if found.isNews || isReload {
            engine.install(found.catalog, QueryTemplates.Settings(new))
            refresher.served = found.catalog
            servers.serve(found.catalog, of: found.dialect.kind)
            pool.leaveServersOfOtherKind(than: found.dialect.kind)
        }
        engine.catalogRead(began: reading.began)
        if found.isNews { announce(found) }
        if isReload { reloaded(failure: nil) }
    }

    private func adopt(_ new: Settings) {
        settings = new
        engine.reconfigure(batching: .init(new), limits: .init(new))
        share(DescriptorBudget(new))
        if let newWeights { frontend.weights = newWeights }
        pool.reconfigure(new.database)
        refresher.adopt(new)
    }

    /// Shares the descriptors out anew. The warning is news if the settings or the limit are.
    private func share(_ new: DescriptorBudget) {
        if let warning = new.warning, warning != budget.warning { logger.warning("\(warning)") }
        budget = new
        frontend.limits = .init(settings, maxClients: new.clients)
        frontend.lingering.maxCount = new.lingering
    }

    private func announce(_ found: CatalogRefresher.BuiltCatalog) {
        for warning in found.warnings { logger.warning("\(warning)") }
        for fault in found.faults {
            logger.error("\(fault.message) (line \(fault.line)); it cannot be loaded")
        }
        for name in settings.batching.namesUnknown(to: found.catalog) {
            logger.warning("[batching.\"\(name)\"] has no effect: there is no such relationship")
        }
        let count = found.catalog.relationships.count
        logger.notice("catalog read", metadata: ["relationships": "\(count)"])
    }
}
