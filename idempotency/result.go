package idempotency

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tandem-go/tandem"
)

// kept is a result as it is stored.
type kept struct {
	JSON   json.RawMessage `json:"json,omitempty"`
	Blocks []keptBlock     `json:"blocks,omitempty"`
}

// keptBlock is a block: one of these.
type keptBlock struct {
	Text     *tandem.Text     `json:"text,omitempty"`
	Image    *tandem.Image    `json:"image,omitempty"`
	Audio    *tandem.Audio    `json:"audio,omitempty"`
	Link     *tandem.Link     `json:"link,omitempty"`
	Embedded *tandem.Embedded `json:"embedded,omitempty"`
}

func encodeResult(r tandem.Result) ([]byte, error) {
	k := kept{JSON: r.JSON}
	for _, b := range r.Blocks {
		one, err := keep(b)
		if err != nil {
			return nil, err
		}
		k.Blocks = append(k.Blocks, one)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // what is replayed is what was sent, byte for byte
	err := e.Encode(k)
	return b.Bytes(), err
}

func keep(b tandem.Block) (k keptBlock, err error) {
	switch b := b.(type) {
	case tandem.Text:
		k.Text = &b
	case tandem.Image:
		k.Image = &b
	case tandem.Audio:
		k.Audio = &b
	case tandem.Link:
		k.Link = &b
	case tandem.Embedded:
		k.Embedded = &b
	default:
		err = fmt.Errorf("idempotency: a result has a block of type %T", b)
	}
	return k, err
}

func (k keptBlock) block() tandem.Block {
	switch {
	case k.Text != nil:
		return *k.Text
	case k.Image != nil:
		return *k.Image
	case k.Audio != nil:
		return *k.Audio
	case k.Link != nil:
		return *k.Link
	case k.Embedded != nil:
		return *k.Embedded
	}
	return nil
}

// decodeResult is the inverse of encodeResult.
func decodeResult(encoded []byte) (tandem.Result, error) {
	var k kept
	if err := json.Unmarshal(encoded, &k); err != nil {
		return tandem.Result{}, fmt.Errorf("idempotency: the result that was kept: %w", err)
	}
	r := tandem.Result{JSON: k.JSON, Replayed: true}
	for _, b := range k.Blocks {
		r.Blocks = append(r.Blocks, b.block())
	}
	return r, nil
}
