package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// questioner is a notifier whose caller can be asked as well.
type questioner interface {
	notifier
	// questions are those of the caller, and tag is the end of their ids.
	questions() (open *questions, tag string)
	// request sends a request to the caller.
	request(message []byte) error
}

// asker puts the questions of one call to the client of its session, on the
// stream of the call: 2025-11-25, sections "Elicitation", "Sampling" and "Roots".
// It implements tandem.Asker.
type asker struct {
	door     *Door
	x        *exchange
	revision string
	to       questioner

	capabilities []byte // of the client, read when they are needed
	once         sync.Once
	can          abilities
}

// askerOf returns the asker of a call of a session; nil if its client cannot be
// asked, or has not declared anything.
func (d *Door) askerOf(x *exchange) *asker {
	to, ok := x.out.(questioner)
	if !ok || x.record == nil || len(x.record.Capabilities) <= len("{}") {
		return nil
	}
	return &asker{door: d, x: x, revision: x.revision, to: to, capabilities: x.record.Capabilities}
}

// errNoAnswer is the cause for which a question is given up.
var errNoAnswer = errors.New("mcp: the client did not answer in time")

// CanAsk implements tandem.Asker.
func (a *asker) CanAsk(q tandem.Question) bool {
	a.once.Do(func() { a.can = abilitiesOf(a.capabilities, a.revision) })
	return a.can.has(q)
}

// Ask implements tandem.Asker.
func (a *asker) Ask(ctx context.Context, questions []tandem.Question) ([]json.RawMessage, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, a.door.cfg.AskTimeout, errNoAnswer)
	defer cancel()
	asked := make([]asked, len(questions))
	defer a.abandon(asked)
	for i, q := range questions {
		if err := a.put(ctx, &asked[i], q); err != nil {
			return nil, tandem.Errorf(tandem.Unavailable, "the caller cannot be asked now").WithCause(err)
		}
	}
	answers := make([]json.RawMessage, len(questions))
	for i := range asked {
		response, err := asked[i].await(ctx)
		if err == nil {
			answers[i], err = answerIn(response, questions[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// asked is a request that was sent to the client.
type asked struct {
	id       string // empty before it was sent
	response <-chan []byte
}

func (a *asker) put(ctx context.Context, r *asked, q tandem.Question) error {
	if q.URLMode {
		if err := a.door.noteVisit(ctx, a.x, q); err != nil {
			return err
		}
	}
	open, tag := a.to.questions()
	r.id, r.response = open.add(tag)
	message := append([]byte(nil), `{"jsonrpc":"2.0","id":`...)
	message = append(appendString(message, []byte(r.id)), `,"method":`...)
	message = append(appendString(message, []byte(q.Method)), `,"params":`...)
	return a.to.request(append(append(message, questionParams(q, a.revision)...), '}'))
}

// await waits for the response.
func (r *asked) await(ctx context.Context) ([]byte, error) {
	select {
	case response, ok := <-r.response:
		if !ok {
			return nil, tandem.Errorf(tandem.Canceled, "the caller has gone")
		}
		return response, nil
	case <-ctx.Done():
	}
	if errors.Is(context.Cause(ctx), errNoAnswer) {
		return nil, tandem.Errorf(tandem.DeadlineExceeded, "the caller did not answer in time")
	}
	return nil, ctx.Err()
}

// abandon tells the client which of the requests nobody waits for any more,
// 2025-11-25, section "Cancellation".
func (a *asker) abandon(asked []asked) {
	open, _ := a.to.questions()
	for _, r := range asked {
		if r.id == "" || !open.drop(r.id) {
			continue
		}
		message := append([]byte(nil), `{"jsonrpc":"2.0","method":"`+methodCancelled+`","params":{"requestId":`...)
		message = append(appendString(message, []byte(r.id)), `,"reason":"the call has ended"}}`...)
		_ = a.to.request(message) // who has gone need not know; notify is for calls that go on
	}
}

// The code by which a client says that the person refused, 2025-11-25, section
// "Sampling", "Error Handling".
const codeUserRejected = -1

// answerIn returns the result in a response, or its error as one of Ask.
func answerIn(response []byte, q tandem.Question) (json.RawMessage, error) {
	var m struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(response, &m); err != nil || m.Error == nil && m.Result == nil {
		return nil, tandem.Errorf(tandem.FailedPrecondition, "the answer of the caller's client is broken").WithCause(tandem.ErrBadAnswer)
	}
	switch e := m.Error; {
	case e == nil:
		return m.Result, nil
	case e.Code == codeUserRejected:
		return nil, tandem.Errorf(tandem.FailedPrecondition, "the caller declined to answer").WithCause(tandem.ErrDeclined)
	case e.Code == codeMethodNotFound:
		return nil, tandem.Errorf(tandem.FailedPrecondition, "the caller's client cannot be asked").WithCause(&tandem.CannotAskError{Method: q.Method, URLMode: q.URLMode})
	default:
		return nil, tandem.Errorf(tandem.FailedPrecondition, "the caller's client failed to answer: %s", clip([]byte(e.Message), 200))
	}
}

// signalAnswer is the kind of the signal that carries a client's response to the
// replica that runs the call which asked.
const signalAnswer = "answer"

// receive hands a response to the call of the session that asked. One that
// nobody asked for is taken and dropped.
func (d *Door) receive(ctx context.Context, record *session.Record, m *message) error {
	if err := d.store.Touch(ctx, record.ID); err != nil {
		return err
	}
	id, ok := text(m.id)
	if !ok {
		return nil
	}
	calls, err := d.store.Calls(ctx, record.ID)
	if err != nil {
		return err
	}
	for _, c := range calls {
		if !hasTag(id, c.ID) {
			continue
		}
		err := d.store.Notify(ctx, session.Signal{Session: record.ID, Call: c.ID, Kind: signalAnswer, Payload: slices.Clone(m.raw)})
		if ignore(err, session.ErrNotRunning) != nil {
			return err
		}
	}
	return nil
}

// responseID returns the id of a response as text; empty for none.
func responseID(response []byte) string {
	var m message
	if parse(response, &m) != nil || !m.isResponse() {
		return ""
	}
	id, _ := text(m.id)
	return id
}

func (m *message) isResponse() bool { return m.kind == response }
