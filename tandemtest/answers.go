package tandemtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// answers hands the answers that come on one stream, in any order, to the calls
// that wait for them, and answers what the server asks meanwhile.
type answers struct {
	ended   chan struct{} // closed when the stream has ended, for the reason in err
	err     error
	respond responder
	replies sync.WaitGroup

	mu      sync.Mutex
	lastID  int64
	waiting map[int64]*waiting
}

// waiting is a call that waits for its answer.
type waiting struct {
	answer chan rpcMessage
	asked  []Question // guarded by answers.mu
}

// responder answers what the server asks.
type responder struct {
	caller *caller
	send   func(response []byte) error
}

func (c *caller) responder(ctx context.Context, send func(context.Context, []byte) error) responder {
	return responder{c, func(response []byte) error { return send(ctx, response) }}
}

// readAnswers starts reading messages by next, until it fails.
func readAnswers(next func() (rpcMessage, error), respond responder) *answers {
	a := &answers{ended: make(chan struct{}), respond: respond, waiting: map[int64]*waiting{}}
	go a.read(next)
	return a
}

func (a *answers) read(next func() (rpcMessage, error)) {
	defer close(a.ended)
	defer a.replies.Wait()
	for {
		msg, err := next()
		switch {
		case err != nil:
			a.err = err
			return
		case msg.asks():
			a.replies.Go(func() { a.reply(msg) }) // the server may have to be read to take it
		case msg.Method == "":
			a.deliver(msg)
		}
	}
}

// reply answers a request of the server. If it cannot, the calls fail that wait.
func (a *answers) reply(request rpcMessage) {
	response, q, err := a.respond.caller.respond(request)
	if err == nil {
		a.note(q) // before the answer to the call can come
		err = a.respond.send(response)
	}
	if err != nil {
		a.fail(err)
	}
}

// note adds a question to every call that waits.
func (a *answers) note(q Question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.waiting {
		w.asked = append(w.asked, q)
	}
}

// fail ends every call that waits.
func (a *answers) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, w := range a.waiting {
		w.answer <- rpcMessage{Error: &rpcError{Message: err.Error()}}
		delete(a.waiting, id)
	}
}

// deliver drops an answer that nobody waits for any more.
func (a *answers) deliver(msg rpcMessage) {
	id, err := strconv.ParseInt(string(msg.ID), 10, 64)
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if w, ok := a.waiting[id]; ok {
		w.answer <- msg // it has room for the only one
		delete(a.waiting, id)
	}
}

// roundTrip sends a request and waits for its answer. If ctx ends before that, it
// tells the server by a notification, as the protocol has it: also if sending was
// cut short, since the server may have got the request all the same.
func (a *answers) roundTrip(ctx context.Context, send func(context.Context, []byte) error, method string, params []byte) (rpcMessage, []Question, error) {
	id, w := a.expect()
	defer a.forget(id)
	err := send(ctx, encodeRPC(id, method, params))
	if err == nil {
		var msg rpcMessage
		if msg, err = a.await(ctx, w); err == nil {
			return msg, a.askedOf(w), nil
		}
	}
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err, send(context.WithoutCancel(ctx), cancelled(id)))
	}
	return rpcMessage{}, nil, err
}

// await returns the answer of a call, also one that came right before the end.
func (a *answers) await(ctx context.Context, w *waiting) (rpcMessage, error) {
	select {
	case msg := <-w.answer:
		return msg, nil
	case <-ctx.Done():
		return rpcMessage{}, ctx.Err()
	case <-a.ended:
	}
	select {
	case msg := <-w.answer:
		return msg, nil
	default:
		return rpcMessage{}, a.err
	}
}

// cancelled is the notification that the caller of a request has gone.
func cancelled(id int64) []byte {
	return encodeRPC(0, "notifications/cancelled", fmt.Appendf(nil, `{"requestId":%d}`, id))
}

func (a *answers) expect() (id int64, w *waiting) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastID++
	w = &waiting{answer: make(chan rpcMessage, 1)}
	a.waiting[a.lastID] = w
	return a.lastID, w
}

func (a *answers) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, id)
}

func (a *answers) askedOf(w *waiting) []Question {
	a.mu.Lock()
	defer a.mu.Unlock()
	return w.asked
}
