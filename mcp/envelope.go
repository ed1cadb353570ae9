package mcp

import (
	"bytes"
	"errors"
)

// message is one JSON-RPC 2.0 message. Its fields share the memory of the bytes
// it was parsed from; those that are raw JSON are nil where the member is
// missing.
type message struct {
	id     []byte // raw: a string or an integer; nil for a notification
	method []byte // text
	raw    []byte // the whole message
	params params
	kind   messageKind
	body   *buffer // that it was parsed from; nil for one that is used once
	target target  // see Door.target
}

type messageKind uint8

const (
	request messageKind = iota
	notification
	response
)

// params are the members of params that the door itself reads, raw.
type params struct {
	raw       []byte // the params object
	name      []byte // tools/call, prompts/get
	arguments []byte
	uri       []byte // resources/read
	cursor    []byte
	requestID []byte          // notifications/cancelled
	version   []byte          // initialize
	client    []byte          // initialize: clientInfo
	abilities []byte          // initialize: capabilities
	answers   []byte          // inputResponses
	state     []byte          // requestState
	filter    []byte          // subscriptions/listen: notifications
	level     []byte          // logging/setLevel
	complete  *completeParams // completion/complete, read by Door.target; nil for malformed ones
	meta      meta
}

// meta are the members of params._meta that the door itself reads, raw.
type meta struct {
	raw           []byte // the _meta object
	version       []byte
	client        []byte
	abilities     []byte
	progressToken []byte
	logLevel      []byte
	key           []byte // of idempotency
}

// The _meta keys of a request, 2026-07-28, section "Per-request protocol fields".
const (
	metaVersion   = "io.modelcontextprotocol/protocolVersion"
	metaClient    = "io.modelcontextprotocol/clientInfo"
	metaAbilities = "io.modelcontextprotocol/clientCapabilities"
	metaServer    = "io.modelcontextprotocol/serverInfo"
	metaProgress  = "progressToken"
	metaLogLevel  = "io.modelcontextprotocol/logLevel"
)

// isBatch reports whether data is a JSON array rather than one message.
func isBatch(data []byte) bool {
	s := scanner{data: data}
	return s.peek() == '['
}

// parse reads one message. The error is nil or a *rpcError that says what is
// wrong; m.id is then the message's id if it is JSON and has one.
func parse(data []byte, m *message) error {
	s, err := newScanner(data)
	if err == nil {
		err = m.scan(&s)
	}
	if e := (*rpcError)(nil); err == nil || errors.As(err, &e) { // the whole object was read
		if extra := s.end(); extra != nil {
			err = extra
		}
	}
	if err == nil {
		return nil
	}
	e := scanError(err)
	if e.code == codeParse {
		m.id = nil
	}
	return e
}

// parseBatch reads an array of messages; errs[i] is what is wrong with
// messages[i]. JSON-RPC 2.0, section 6.
func parseBatch(data []byte) (messages []message, errs []error, err error) {
	s, err := newScanner(data)
	if err != nil {
		return nil, nil, scanError(err)
	}
	err = s.elements(func() error {
		raw, err := s.value()
		if err != nil {
			return err
		}
		var m message
		errs = append(errs, parse(raw, &m))
		messages = append(messages, m)
		return nil
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, nil, scanError(err)
	}
	return messages, errs, nil
}

// scanError turns what the scanner found into a JSON-RPC error.
func scanError(err error) *rpcError {
	var e *rpcError
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, errDuplicate) {
		return invalidRequest(err.Error())
	}
	return &rpcError{code: codeParse, message: "parse error: " + err.Error()}
}

// scan reads the members of the message and checks that they make one.
func (m *message) scan(s *scanner) error {
	s.space()
	start := s.pos
	if s.peek() != '{' {
		if err := s.skip(); err != nil {
			return err
		}
		return invalidRequest("the message is not an object")
	}
	var jsonrpc, method, result, fault []byte
	err := s.members(func(name []byte) error {
		switch string(unquote(name)) {
		case "jsonrpc":
			return s.once(&jsonrpc)
		case "id":
			return s.once(&m.id)
		case "method":
			return s.once(&method)
		case "params":
			return s.params(&m.params)
		case "result":
			return s.once(&result)
		case "error":
			return s.once(&fault)
		}
		return s.skip()
	})
	m.raw = s.data[start:s.pos]
	if err != nil {
		m.dropBadID()
		return err
	}
	return m.classify(jsonrpc, method, result, fault)
}

// classify decides what kind of message it is, JSON-RPC 2.0 section 4.
func (m *message) classify(jsonrpc, method, result, fault []byte) error {
	hasID := m.id != nil
	m.dropBadID()
	switch {
	case string(jsonrpc) != `"2.0"`:
		return invalidRequest(`"jsonrpc" must be "2.0"`)
	case hasID && m.id == nil:
		return invalidRequest(`"id" must be a string or an integer, and short`)
	case method == nil && (result != nil) != (fault != nil):
		m.kind = response
		if m.id == nil && result != nil {
			return invalidRequest("the response has no id")
		}
		return nil
	case result != nil || fault != nil:
		return invalidRequest(`"result" and "error" exclude each other and "method"`)
	case !isString(method):
		return invalidRequest(`"method" must be a string`)
	case m.params.raw != nil && !isObject(m.params.raw) && string(m.params.raw) != "null":
		return invalidRequest(`"params" must be an object`)
	}
	m.method = unquote(method)
	if m.id == nil {
		m.kind = notification
	}
	return nil
}

// maxID bounds an id or a progress token in bytes, since each is kept and sent
// again and again.
const maxID = 512

// dropBadID forgets an id that is none, so that it is never echoed.
func (m *message) dropBadID() {
	if !isToken(m.id) {
		m.id = nil
	}
}

// isToken reports whether raw can be an id or a progress token.
func isToken(raw []byte) bool {
	return (isString(raw) || isInteger(raw)) && len(raw) <= maxID
}

// once stores the next value in field, which must still be empty.
func (s *scanner) once(field *[]byte) error {
	if *field != nil {
		return errDuplicate
	}
	value, err := s.value()
	*field = value
	return err
}

func (s *scanner) params(p *params) error {
	if p.raw != nil {
		return errDuplicate
	}
	s.space()
	start := s.pos
	if s.peek() != '{' {
		return s.once(&p.raw)
	}
	err := s.members(func(name []byte) error { return s.param(p, unquote(name)) })
	p.raw = s.data[start:s.pos]
	return err
}

func (s *scanner) param(p *params, name []byte) error {
	switch string(name) {
	case "name":
		return s.once(&p.name)
	case "arguments":
		return s.once(&p.arguments)
	case "uri":
		return s.once(&p.uri)
	case "cursor":
		return s.once(&p.cursor)
	case "requestId":
		return s.once(&p.requestID)
	case "protocolVersion":
		return s.once(&p.version)
	case "clientInfo":
		return s.once(&p.client)
	case "capabilities":
		return s.once(&p.abilities)
	case "inputResponses":
		return s.once(&p.answers)
	case "requestState":
		return s.once(&p.state)
	case "notifications":
		return s.once(&p.filter)
	case "level":
		return s.once(&p.level)
	case "_meta":
		return s.meta(&p.meta)
	}
	return s.skip()
}

func (s *scanner) meta(m *meta) error {
	if m.raw != nil {
		return errDuplicate
	}
	s.space()
	start := s.pos
	if s.peek() != '{' {
		return s.once(&m.raw)
	}
	err := s.members(func(name []byte) error {
		switch string(unquote(name)) {
		case metaVersion:
			return s.once(&m.version)
		case metaClient:
			return s.once(&m.client)
		case metaAbilities:
			return s.once(&m.abilities)
		case metaProgress:
			return s.once(&m.progressToken)
		case metaLogLevel:
			return s.once(&m.logLevel)
		case metaKey:
			return s.once(&m.key)
		}
		return s.skip()
	})
	m.raw = s.data[start:s.pos]
	return err
}

// callKey returns the id as JSON text in which equal ids are equal.
func callKey(id []byte) string {
	if isString(id) && bytes.IndexByte(id, '\\') >= 0 {
		return string(appendString(nil, unquote(id)))
	}
	return string(id)
}

// text returns the text of a raw string; ok is false for any other value.
func text(raw []byte) (string, bool) {
	if !isString(raw) {
		return "", false
	}
	return string(unquote(raw)), true
}

// is reports whether the message's method is this one.
func (m *message) is(method string) bool { return bytes.Equal(m.method, []byte(method)) }
