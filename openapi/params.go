package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/binding"
)

// parameters lists the arguments that travel outside the body.
func (b *builder) parameters(op *tandem.Registered) []object {
	var list []object
	for _, p := range op.Binding().Params {
		if p.Place == binding.Body {
			continue
		}
		parameter, err := b.parameter(p)
		if err != nil {
			b.fail(fmt.Errorf("operation %q: argument %q: %w", op.Name, p.Name, err))
		}
		list = append(list, parameter)
	}
	if op.Idempotency != 0 {
		list = append(list, idempotencyHeader(op))
	}
	if op.Asks {
		list = append(list, resumeHeaders()...)
	}
	return list
}

func (b *builder) parameter(p binding.Param) (object, error) {
	o := object{{"name", p.Key}, {"in", p.Place.String()}, {"description", about(p)}}
	o.flag("required", p.Required || p.Place == binding.Path)
	o.flag("deprecated", p.Deprecated)
	text, err := without(p.Schema, "description", "deprecated")
	if err != nil {
		return nil, err
	}
	o.raw("schema", b.schemas.note(text))
	o.raw("example", p.Example)
	return o, nil
}

// about describes an argument, whether or not its field has a doc.
func about(p binding.Param) string {
	text := p.Doc
	if text == "" {
		text = inWords(p.Name)
	}
	if p.Rest {
		text += " (the rest of the path, slashes included)"
	}
	return text
}

// requestBody describes the body; nil if the operation has none.
func (b *builder) requestBody(op *tandem.Registered) object {
	var names []string
	whole, required := true, false
	for _, p := range op.Binding().Params {
		if p.Place == binding.Body {
			names = append(names, p.Name)
			required = required || p.Required
		} else {
			whole = false
		}
	}
	if len(names) == 0 {
		return nil
	}
	text := op.Input().Ref()
	if !whole {
		text = op.Input().Object(names)
	}
	media := object{}
	media.raw("schema", b.schemas.note(text))
	media.raw("example", pick(op.Input().Example(), names))
	body := object{{"description", "The arguments of the operation."}}
	body.set("required", required)
	body.set("content", object{{"application/json", media}})
	return body
}

// pick returns the members of an object that have these names; nil for none.
func pick(text []byte, names []string) json.RawMessage {
	members, err := membersOf(text)
	if err != nil {
		return nil
	}
	var some object
	for _, m := range members {
		for _, name := range names {
			if m.name == name {
				some = append(some, m)
			}
		}
	}
	picked, err := some.MarshalJSON()
	if err != nil || len(some) == 0 {
		return nil
	}
	return picked
}

// membersOf splits the text of an object into its members.
func membersOf(text []byte) (object, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if open, err := d.ReadToken(); err != nil || open.Kind() != jsontext.KindBeginObject {
		return nil, fmt.Errorf("%q is not an object", text)
	}
	var members object
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		members.raw(key, bytes.Clone(value))
	}
	return members, nil
}
