package tandem

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// stateLife is how long a caller may take to answer one round of questions.
	stateLife = 15 * time.Minute
	// maxAnswers bounds the answers of all rounds of one call, in bytes: the
	// caller carries them in the state.
	maxAnswers = 64 << 10
)

// Resume is what a caller without a session brings back to be carried on where
// it was asked. The zero value is a first request.
type Resume struct {
	State string // of the [Pending] before; empty for a first request
	// Answers are by the questions' ids; ids that nobody asked for are ignored. A
	// first request may bring the answers of the first round along.
	Answers map[string]json.RawMessage
	// CanAsk reports whether the caller can answer a question.
	CanAsk func(Question) bool
}

// Pending is the error of [Registered.InvokeResumable] when the handler awaits
// answers.
type Pending struct {
	// State is to be sent back with the answers. It is sealed, and good for the
	// same principal, operation and arguments until it expires.
	State     string
	Questions []PendingQuestion

	digest []byte // of the questions
}

// PendingQuestion is a question with the id under which its answer is sent.
type PendingQuestion struct {
	ID string
	Question
}

// Error says that answers are awaited.
func (p *Pending) Error() string {
	return fmt.Sprintf("the operation awaits answers to %d questions", len(p.Questions))
}

// callState is what a state holds, sealed.
type callState struct {
	Expires int64   `json:"e"` // Unix seconds
	Rounds  []round `json:"r,omitempty"`
	Asked   []byte  `json:"a"` // the digest of the round that is pending
}

// round is one call of Ask that was answered.
type round struct {
	Asked   []byte            `json:"a"`
	Answers []json.RawMessage `json:"v"`
}

// InvokeResumable is [Registered.Invoke] for a caller without a session: when the
// handler asks, the error is a [*Pending] and the call ends; the same call with
// the answers runs the handler anew up to where it asked, and on. A state that was
// changed, has expired or belongs to another call is an InvalidArgument with
// [ErrBadAnswer] in its chain.
func (r *Registered) InvokeResumable(ctx context.Context, call *Call, resume Resume) (Result, error) {
	asker := &replay{can: resume.CanAsk, fresh: resume.Answers, first: resume.State == ""}
	if resume.State != "" {
		state, err := r.service.openState(resume.State, r.stateBound(ctx, call.Arguments))
		if err != nil {
			return Result{}, err
		}
		asker.rounds, asker.asked = state.Rounds, state.Asked
	}
	result, err := r.Invoke(WithAsker(ctx, asker), call)
	rounds := asker.end()
	var p *Pending
	if !errors.As(err, &p) {
		return result, err
	}
	p.State, err = r.service.sealState(callState{Rounds: rounds, Asked: p.digest}, r.stateBound(ctx, call.Arguments))
	if err != nil {
		return Result{}, err
	}
	return Result{}, p
}

// stateBound is what a state is bound to: who calls what with which arguments.
func (r *Registered) stateBound(ctx context.Context, arguments []byte) []byte {
	digest := sha256.Sum256(normal(arguments))
	return bytes.Join([][]byte{[]byte(PrincipalFrom(ctx).Key()), []byte(r.kind + " " + r.Name), digest[:]}, []byte{0})
}

// normal returns JSON without white space and with its members in order, since a
// caller may write the same arguments in another way. Numbers stay as they are.
func normal(arguments []byte) []byte {
	v := jsontext.Value(bytes.Clone(arguments))
	if err := v.Format(jsontext.ReorderRawObjects(true)); err != nil {
		return arguments // broken JSON is only like itself
	}
	return v
}

func (s *Service) sealState(state callState, bound []byte) (string, error) {
	state.Expires = time.Now().Add(stateLife).Unix()
	doc, err := json.Marshal(state)
	if err != nil {
		return "", err
	}
	if len(doc) > maxAnswers*4/3 {
		return "", Errorf(ResourceExhausted, "the answers of this call are larger than %d bytes in all", maxAnswers)
	}
	return s.seal.Load().Seal(doc, bound), nil
}

func (s *Service) openState(token string, bound []byte) (callState, error) {
	var state callState
	doc, err := s.seal.Load().Open(token, bound)
	if err == nil {
		err = json.Unmarshal(doc, &state)
	}
	if err != nil {
		return state, badAnswer("the request state is not one of this call; start again without it")
	}
	if time.Now().Unix() >= state.Expires {
		return state, badAnswer("the request state has expired; start again without it")
	}
	return state, nil
}

// replay answers the questions that were answered before, and ends the call at
// the first one that was not. It serves one run of a handler, whose goroutines may
// ask side by side, and may outlive it.
type replay struct {
	can   func(Question) bool
	fresh map[string]json.RawMessage // by id
	first bool                       // it came without a state

	mu     sync.Mutex
	rounds []round // answered before
	asked  []byte  // the digest of the round that fresh answers
	next   int     // the round that is asked next
	ended  bool    // the handler has returned
}

// end returns the rounds that are answered; nothing is asked any more.
func (p *replay) end() []round {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	return p.rounds
}

func (p *replay) CanAsk(q Question) bool { return p.can != nil && p.can(q) }

func (p *replay) Ask(_ context.Context, questions []Question) ([]json.RawMessage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, Errorf(Canceled, "the call that asks has ended")
	}
	n := p.next
	p.next++
	digest := digestOf(questions)
	if n < len(p.rounds) {
		if !bytes.Equal(p.rounds[n].Asked, digest) {
			return nil, Errorf(Aborted, "the operation asks other questions than before; start again without the request state")
		}
		return p.rounds[n].Answers, nil
	}
	if n == len(p.rounds) && (bytes.Equal(p.asked, digest) || n == 0 && p.first) {
		if answers, complete := p.take(n, questions); complete {
			p.rounds = append(p.rounds, round{Asked: digest, Answers: answers})
			p.asked = nil
			return answers, nil
		}
	}
	pending := pendingOf(n, questions)
	pending.digest = digest
	return nil, pending
}

// take finds the fresh answers to the questions of round n.
func (p *replay) take(n int, questions []Question) ([]json.RawMessage, bool) {
	answers := make([]json.RawMessage, len(questions))
	for i := range questions {
		answer, ok := p.fresh[questionID(n, i, questions[i])]
		if !ok {
			return nil, false
		}
		answers[i] = answer
	}
	return answers, true
}

func pendingOf(n int, questions []Question) *Pending {
	p := &Pending{}
	for i, q := range questions {
		p.Questions = append(p.Questions, PendingQuestion{ID: questionID(n, i, q), Question: q})
	}
	return p
}

func questionID(n, i int, q Question) string {
	if q.ID != "" {
		return q.ID
	}
	return fmt.Sprintf("q%d-%d", n+1, i+1)
}

func digestOf(questions []Question) []byte {
	h := sha256.New()
	for _, q := range questions {
		fmt.Fprintf(h, "%s %d\n%s", q.Method, len(q.Params), q.Params)
	}
	return h.Sum(nil)
}
