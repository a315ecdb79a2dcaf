import Configuration
import Logging
import Reactor

// What signals ask for: a reload or the end.

extension Daemon {
    func received(_ signal: Signals.Signal) {
        switch signal {
        case .terminate, .interrupt: shutDown()
        case .hangUp: startReload()
        }
    }

    private func shutDown() {
        switch phase {
        case .serving: drain()
        case .starting, .draining: cutShort()
        case .cutShort, .stopped: stop(.cutShort)
        }
    }

    // MARK: Reloads

    /// Reads the file, then the schema for its settings; they take effect if both are without faults.
    private func startReload() {
        if frontend.isDraining { return }
        if reload.isUnderWay {
            if reload.repeatAfterwards() {
                logger.notice("a reload is still under way; the file will be read again after it")
            }
            return
        }
        reload.begin()
        serviceManager.notify(.reloading)
        reloader.read(over: settings)
    }

    func settingsRead(_ result: Result<SettingsReloader.Reading, any Error>) {
        switch result {
        case .success(let reading):
            warnOfOverriddenSettings(reading.listen)
            // A restart would change nothing where the service manager opens the sockets.
            for name in reading.needRestart where inherited.isEmpty || !name.hasPrefix("listen.") {
                logger.warning("\(name) has changed in the file and takes effect after a restart only")
            }
            newWeights = reading.weights
            refresher.reload(reading.settings)
        case .failure(let error): reloaded(failure: "\(error)")
        }
    }

    /// A reload has ended; with a failure, everything is as it was before.
    func reloaded(failure: String?) {
        let mustRepeat = reload.end()
        lastReloadFailure = failure
        showStatus()
        if let failure {
            logger.error("reload failed, nothing has changed: \(failure)")
        } else {
            logger.notice("reloaded")
        }
        for path in frontend.lostPaths {
            logger.error("the socket \(path) was removed: nobody can connect to it; restart kindred")
        }
        // Ready is said for the first time when the daemon listens.
        if case .serving = phase { serviceManager.notify(.ready) }
        if mustRepeat { startReload() }
    }
}
