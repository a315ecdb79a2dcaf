import Wire

/// The reply that most loads have: the rows of one key, without includes. It is what ``ReplyWriter`` would
/// write, without the steps of a reply that may be long.
enum OneKeyReply {
    // {"id":7,"row":{"id":33,…}}
    /// - Returns: false, with nothing written, if the load has another reply, or this one would be too long.
    static func write(_ load: PendingLoad, _ root: LoadNode, maxBytes: Int, to output: inout ByteBuffer)
        -> Bool
    {
        let template = root.plan.template
        guard !load.isList, load.included.isEmpty, !template.isPage, !root.hasTooLargeAnswer,
            case .one(.rows(let rows, let keyIndex)) = root.answers
        else { return false }
        let start = output.count
        let form = template.answerForm
        form.open(load.requestID, into: &output)
        if rows.count(of: keyIndex) > 0 {
            rows.write(rowsOf: keyIndex, to: &output)
        } else {
            form.writeNothing(into: &output)
        }
        form.close(into: &output)
        guard output.count - start > maxBytes else { return true }
        output.truncate(to: start)
        return false
    }
}
