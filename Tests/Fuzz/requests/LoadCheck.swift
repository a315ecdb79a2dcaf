import Foundation
import Fuzzing
import Planning
import Relations
import Wire

/// Checks what is done with a decoded load: reading its keys and options, up to the SQL.
struct LoadCheck {
    private let load: Load
    private let relationship: Relationship

    init(_ load: Load, _ relationship: Relationship) {
        self.load = load
        self.relationship = relationship
    }

    func run() {
        let inputs =
            switch load.keys {
            case .one(let input): [input]
            case .many(let inputs): inputs
            }
        let keys = inputs.compactMap(read)
        guard let selection = selection(), let columns = shown(), !keys.isEmpty else { return }
        SQLCheck(relationship, selection, columns).run(paged(keys, selection.paging))
    }

    // MARK: Keys

    private func read(_ input: KeyInput) -> Key? {
        do {
            guard let key = try relationship.read(input) else { return nil }
            expect(key.parts.count == relationship.key.count, "a key of another width")
            for (part, column) in zip(key.parts, relationship.key) { checkCanonical(part, column.type) }
            return key
        } catch {
            expect(error.code == .badKey && !error.message.isEmpty, "\(error)")
            return nil
        }
    }

    /// Checks that the canonical form is a good key, and its own canonical form.
    private func checkCanonical(_ scalar: Scalar, _ type: ColumnType) {
        let again = try? Scalar(literal(scalar), as: type)
        expect(again == scalar, "\(scalar) of \(type) becomes \(again.map { "\($0)" } ?? "a bad key")")
    }

    private func literal(_ scalar: Scalar) -> Literal {
        switch scalar {
        case .integer(let value): .integer(value)
        case .unsigned(let value): .number(Array("\(value)".utf8))
        case .text(let text): .string(text)
        case .bytes(let bytes): .string(Array(Data(bytes).base64EncodedString().utf8))
        }
    }

    /// The keys with positions of the request, if it has any that can be used.
    private func paged(_ keys: [Key], _ paging: Paging?) -> [Key] {
        guard let paging, let value = load.positions, case .list(let elements) = value else {
            return keys
        }
        var positions: [Position] = []
        if let position = try? paging.position(value) { positions.append(position) }
        for element in elements {
            if let position = try? paging.position(element) { positions.append(position) }
        }
        guard !positions.isEmpty else { return keys }
        return keys.enumerated().map { .paged($1, from: positions[$0 % positions.count]) }
    }

    // MARK: Options

    private func selection() -> Selection? {
        do {
            return try relationship.selection(load.shape.options ?? LoadOptions(), at: .root)
        } catch {
            check(error)
            return nil
        }
    }

    private func shown() -> [Column]? {
        do {
            return try relationship.shown(load.shape.options ?? LoadOptions(), at: .root)
        } catch {
            check(error)
            return nil
        }
    }

    private func check(_ failure: Failure) {
        let codes: [Failure.Code] = [.badRequest, .badValue, .unknownColumn]
        expect(codes.contains(failure.code) && !failure.message.isEmpty, "\(failure)")
    }
}
