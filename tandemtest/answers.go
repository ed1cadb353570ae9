package tandemtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// answers hands the answers that come on one stream, in any order, to the calls
// that wait for them.
type answers struct {
	ended chan struct{} // closed when the stream has ended, for the reason in err
	err   error

	mu      sync.Mutex
	lastID  int64
	waiting map[int64]chan rpcMessage
}

// readAnswers starts reading messages by next, until it fails.
func readAnswers(next func() (rpcMessage, error)) *answers {
	a := &answers{ended: make(chan struct{}), waiting: map[int64]chan rpcMessage{}}
	go a.read(next)
	return a
}

func (a *answers) read(next func() (rpcMessage, error)) {
	defer close(a.ended)
	for {
		msg, err := next()
		if err != nil {
			a.err = err
			return
		}
		if msg.Method == "" && msg.ID != nil {
			a.deliver(msg)
		}
	}
}

// deliver drops an answer that nobody waits for any more.
func (a *answers) deliver(msg rpcMessage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if answer, ok := a.waiting[*msg.ID]; ok {
		answer <- msg // it has room for the only one
		delete(a.waiting, *msg.ID)
	}
}

// roundTrip sends a request and waits for its answer. If ctx ends before that, it
// tells the server by a notification, as the protocol has it.
func (a *answers) roundTrip(ctx context.Context, send func(context.Context, []byte) error, method string, params []byte) (rpcMessage, error) {
	id, answer := a.expect()
	defer a.forget(id)
	if err := send(ctx, encodeRPC(id, method, params)); err != nil {
		return rpcMessage{}, err
	}
	select {
	case msg := <-answer:
		return msg, nil
	case <-a.ended:
		select {
		case msg := <-answer: // it came before the end
			return msg, nil
		default:
			return rpcMessage{}, a.err
		}
	case <-ctx.Done():
		return rpcMessage{}, errors.Join(ctx.Err(), send(context.WithoutCancel(ctx), cancelled(id)))
	}
}

// cancelled is the notification that the caller of a request has gone.
func cancelled(id int64) []byte {
	return encodeRPC(0, "notifications/cancelled", fmt.Appendf(nil, `{"requestId":%d}`, id))
}

func (a *answers) expect() (id int64, answer chan rpcMessage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastID++
	answer = make(chan rpcMessage, 1)
	a.waiting[a.lastID] = answer
	return a.lastID, answer
}

func (a *answers) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, id)
}
