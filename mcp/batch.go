package mcp

import (
	"errors"
	"net/http"

	"github.com/tandem-go/tandem/session"
)

// serveBatch serves an array of messages, which 2025-03-26 has and no other
// revision.
func (d *Door) serveBatch(w http.ResponseWriter, r *http.Request, body *buffer, a accepted) {
	record, err := d.batchSession(r)
	if err != nil {
		writeFault(w, nil, d.storeFault(r.Context(), err))
		return
	}
	messages, faults, err := parseBatch(body.b)
	switch {
	case err != nil:
		writeFault(w, nil, d.fault(r.Context(), err))
		return
	case len(messages) == 0 || len(messages) > d.cfg.MaxBatch:
		writeFault(w, nil, invalidRequest("the batch is empty or too long"))
		return
	case !d.gate.enter():
		writeFault(w, nil, d.storeFault(r.Context(), errDraining))
		return
	}
	defer d.gate.leave()
	if !d.admit(w, r, wellFormed(messages, faults)...) {
		return
	}
	b := &batch{sessionReply: sessionReply{reply: d.newReply(r.Context(), w, a)}, record: &record}
	for i := range messages {
		messages[i].body = body
		if b.serve(r, &messages[i], faults[i]); b.left || b.hasEnded() {
			b.leave() // what follows in the batch is not begun by these credentials
			return
		}
	}
	b.finishBatch(b.answers)
}

// wellFormed returns the messages that have no fault.
func wellFormed(messages []message, faults []error) []*message {
	var well []*message
	for i := range messages {
		if faults[i] == nil {
			well = append(well, &messages[i])
		}
	}
	return well
}

// batchSession returns the session of a batch, whose revision must have batches.
func (d *Door) batchSession(r *http.Request) (session.Record, error) {
	if err := checkLegacyVersion(r.Header); err != nil {
		return session.Record{}, err
	}
	record, err := d.streamableSession(r)
	if err == nil && !hasBatches(record.ProtocolVersion) {
		err = invalidRequest("this revision has no batches")
	}
	return record, err
}

// batch collects the answers to a batch. Once a call has opened a stream, answers
// go there one by one.
type batch struct {
	sessionReply
	record  *session.Record
	answers [][]byte
	left    bool // the connection ends before the call that is under way
}

func (b *batch) serve(r *http.Request, m *message, fault error) {
	ctx := r.Context()
	switch {
	case fault != nil:
		b.add(appendRPCError(nil, m.id, b.door.fault(ctx, fault)))
	case m.kind == response:
		if err := b.door.receive(ctx, b.record, m); err != nil {
			b.door.logger().WarnContext(ctx, "mcp: a response in a batch was not acted on", "error", err)
		}
	case m.kind == notification:
		if err := b.door.notice(ctx, b.record, m); err != nil {
			b.door.logger().WarnContext(ctx, "mcp: a notification in a batch was not acted on", "error", err)
		}
	case m.is(methodInitialize):
		b.add(appendRPCError(nil, m.id, invalidRequest("initialize cannot be part of a batch")))
	default:
		answer, err := b.answer(ctx, b.record, m)
		if errors.Is(err, errLeft) {
			b.left = true
			return
		}
		if err != nil {
			answer = appendRPCError(nil, m.id, b.door.storeFault(ctx, err))
		}
		b.add(answer)
	}
}

// add takes an answer.
func (b *batch) add(answer []byte) {
	if !b.trySend(b.last, answer) {
		b.answers = append(b.answers, answer)
	}
	b.last = 0
}

func joinArray(elements [][]byte) []byte {
	out := []byte{'['}
	for i, e := range elements {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, e...)
	}
	return append(out, ']')
}
