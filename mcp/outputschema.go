package mcp

import (
	"bytes"
	"fmt"
)

// objectSchema returns schema if it describes an object. Otherwise it returns
// the schema of {"result": value}, since structured content was an object in
// every revision before 2026-07-28. Definitions move up to the new root, where
// the references into "#/$defs" still find them.
func objectSchema(schema []byte) (object []byte, wrapped bool, err error) {
	var kind, defs, inner []byte
	s := scanner{data: schema}
	err = s.members(func(name []byte) error {
		value, err := s.value()
		switch string(name) {
		case `"$defs"`:
			defs = value
			return err
		case `"type"`:
			kind = value
		}
		inner = append(inner, ',')
		inner = append(append(append(inner, name...), ':'), value...)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("output schema: %w", err)
	}
	if string(kind) == `"object"` {
		return schema, false, nil
	}
	object = append(object, `{"type":"object","properties":{"result":{`...)
	object = append(object, bytes.TrimPrefix(inner, []byte(","))...)
	object = append(object, `}},"required":["result"],"additionalProperties":false`...)
	if defs != nil {
		object = append(append(object, `,"$defs":`...), defs...)
	}
	return append(object, '}'), true, nil
}
