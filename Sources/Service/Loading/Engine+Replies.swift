import Batching
import Relations
import Wire

// What becomes of answers: the levels that they lead on to, and replies.

extension Engine {
    // MARK: Levels

    /// All answers of a ticket are there: asks for what its rows include, every level in the batches of everybody.
    func grow(_ ticket: Ticket, of load: PendingLoad) {
        guard !ticket.level.branches.isEmpty else { return settle(ticket, of: load) }
        guard chores.allow(rows: load.rowCount, bytes: 0) else {
            return chores.add(GrowthChore(ticket, of: load))
        }
        var growth = Growth(of: ticket)
        do {
            while try !growth.look(steps: .max) {}
            attach(growth, to: ticket, of: load)
        } catch {
            fail(load, error)
        }
    }

    func attach(_ growth: Growth, to ticket: Ticket, of load: PendingLoad) {
        do {
            // Before they are made: there may be as many as a request may have rows.
            try requireRoom(forKeys: growth.keyCount, of: load.client)
        } catch {
            return fail(load, error)
        }
        let children = growth.children
        ticket.attach(children, firstRows: growth.firstRows)
        for child in children {
            load.include(child.ticket)
            hold(child.byteCount, for: load)
            if child.ticket.missing > 0 { enlist(child.ticket, of: load) }
        }
        for child in children where child.ticket.missing == 0 { settle(child.ticket, of: load) }
    }

    /// A ticket has all its answers, and so have those of what it includes.
    func settle(_ ticket: Ticket, of load: PendingLoad) {
        guard let parent = ticket.parent else { return complete(ticket, of: load) }
        parent.unfinishedChildren -= 1
        if parent.unfinishedChildren == 0 { settle(parent, of: load) }
    }

    // MARK: Replies

    /// All answers of a load are there. The reply is written now, in pieces, or when its client has read others.
    func complete(_ root: Ticket, of load: PendingLoad) {
        if load.isAbandoned { return }
        var reply = LoadReply(root, of: load, limit: limits.maxReplyBytes)
        // What was answered at once has no rows.
        if load.isWaiting {
            guard load.client.hasRoom(for: load) else { return hold(load) }
            guard load.included.isEmpty else { return beginLongReply(reply, of: load) }
            guard chores.allow(rows: load.rowCount, bytes: load.byteCount) else {
                return beginLongReply(reply, of: load)
            }
        }
        forget(load)
        // Each of many who waited for the same rows gets a copy, and the last of them may find no room for it.
        if memory.isFull { return load.client.reply(fullMemory, to: load.requestID) }
        load.client.reply(load.requestID) { reply.write(to: &$0) }
    }

    /// Writes it in pieces, of which the first is the whole of most. Only writing it tells how long a reply with
    /// includes is: rows that several others lead to stand there once for each.
    private func beginLongReply(_ reply: LoadReply, of load: PendingLoad) {
        guard !load.client.awaitsLongReply else { return hold(load) }
        let chore = ReplyChore(reply, of: load, memory: memory)
        if !chores.isTurnFull, !load.included.isEmpty {
            let hasMore = chore.doPiece(for: self)
            chores.countDone(
                rows: hasMore ? chores.limits.rowsInPiece : load.rowCount, bytes: chore.byteCount)
            guard hasMore else { return }
        }
        isUndecided = true
        chores.add(chore)
    }

    private func hold(_ load: PendingLoad) {
        guard load.client.hold(load) else { return fail(load, Self.tooMuchUnread) }
        releaseKeys(of: load)
    }

    static let tooMuchUnread = Failure(
        .overloaded,
        "replies that this client has not read take more than limits.client_output_bytes; read them first")

    /// Its answers are all there: its keys wait for nothing more, and leave their place to others.
    private func releaseKeys(of load: PendingLoad) {
        guard !load.hasReleasedKeys else { return }
        load.hasReleasedKeys = true
        for ticket in [load.root].compactMap({ $0 }) + load.included where tickets[ticket.id] === ticket {
            keysOnTheirWay -= ticket.keys.count
            load.client.keysOnTheirWay -= ticket.keys.count
        }
    }

    func fail(_ load: PendingLoad, _ failure: Failure) {
        forget(load)
        if load.isAbandoned { return }
        load.client.reply(failure, to: load.requestID)
    }

    /// A load that was answered at once was never among those on their way.
    func forget(_ load: PendingLoad) {
        guard load.isWaiting else { return }
        load.isWaiting = false
        memory.update(&load.heldBytes, to: 0)
        waitingRequests -= 1
        load.client.settle(load)
        if let root = load.root { forget(root, of: load) }
        for ticket in load.included { forget(ticket, of: load) }
    }

    private func forget(_ ticket: Ticket, of load: PendingLoad) {
        guard tickets.remove(ticket) else { return }
        if !load.hasReleasedKeys {
            keysOnTheirWay -= ticket.keys.count
            load.client.keysOnTheirWay -= ticket.keys.count
        }
        guard ticket.missing > 0 else { return }
        hasLostAskers = true
        batcher.withdraw(ticket.id, keys: ticket.waitingKeys, of: ticket.level.route.shape)
    }
}
