package mcp

import (
	"encoding/json"
	"errors"

	"github.com/tandem-go/tandem"
)

// resume returns what a modern request brings back to be carried on, 2026-07-28,
// section "Multi Round-Trip Requests". The error is a *rpcError.
func (x *exchange) resume() (tandem.Resume, error) {
	var r tandem.Resume
	if !x.asks() {
		return r, nil
	}
	r.CanAsk = x.canAsk
	p := &x.msg.params
	if p.state != nil {
		state, ok := text(p.state)
		if !ok || state == "" {
			return r, invalidParams(`"requestState" must be a string of this service`)
		}
		r.State = state
	}
	if p.answers == nil {
		return r, nil
	}
	if !isObject(p.answers) {
		return r, invalidParams(`"inputResponses" must be an object`)
	}
	r.Answers = map[string]json.RawMessage{}
	s := scanner{data: p.answers}
	err := s.members(func(name []byte) error {
		value, err := s.value()
		if err == nil && !isObject(value) {
			err = invalidParams(`each of "inputResponses" must be an object`)
		}
		r.Answers[string(unquote(name))] = value
		return err
	})
	return r, err
}

// asks reports whether a modern request may be asked, or was.
func (x *exchange) asks() bool {
	p := &x.msg.params
	return p.state != nil || p.answers != nil || string(p.meta.abilities) != "{}"
}

// canAsk reports whether the caller of a modern request has declared that it can
// answer the question.
func (x *exchange) canAsk(q tandem.Question) bool {
	return abilitiesOf(x.msg.params.meta.abilities, x.revision).has(q)
}

// modernFault returns the error of the protocol that an operation's error is to a
// modern caller; nil if it is none.
func modernFault(err error) *rpcError {
	var cannot *tandem.CannotAskError
	var e *tandem.Error
	switch {
	case errors.As(err, &cannot):
		data := append([]byte(`{"requiredCapabilities":`), requiredCapability(cannot.Method, cannot.URLMode)...)
		return &rpcError{code: codeMissingCapability, message: "the client has not declared a capability that this request requires", data: append(data, '}')}
	case errors.Is(err, tandem.ErrBadAnswer) && errors.As(err, &e):
		return invalidParams(e.Message)
	}
	return nil
}

// interim writes what a request comes to that did not get as far as a result: the
// questions of a handler that awaits answers, or an error of the protocol. It
// reports whether err was one of those.
func (d *Door) interim(dst []byte, err error) (out []byte, done bool, fault error) {
	if err == nil {
		return dst, false, nil
	}
	var e *rpcError
	if errors.As(err, &e) {
		return dst, true, e
	}
	var p *tandem.Pending
	if errors.As(err, &p) {
		return d.appendInputRequired(dst, p), true, nil
	}
	return dst, false, nil
}

// appendInputRequired appends an InputRequiredResult.
func (d *Door) appendInputRequired(dst []byte, p *tandem.Pending) []byte {
	dst = append(dst, `{"resultType":"input_required","inputRequests":{`...)
	for i, q := range p.Questions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, []byte(q.ID)), `:{"method":`...)
		dst = append(appendString(dst, []byte(q.Method)), `,"params":`...)
		dst = append(append(dst, questionParams(q.Question, rev20260728)...), '}')
	}
	dst = append(dst, `},"requestState":`...)
	dst = append(appendString(dst, []byte(p.State)), ',')
	return append(append(dst, d.serverMeta...), '}')
}
