package mcp

import (
	"cmp"
	"fmt"

	"github.com/tandem-go/tandem"
)

// appendBlocks appends a content member of blocks.
func appendBlocks(dst []byte, revision string, blocks tandem.Blocks) []byte {
	dst = append(dst, `"content":[`...)
	for i, b := range blocks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, tandem.BlockJSON(known(b, revision))...)
	}
	return append(dst, ']')
}

// known returns the block, or text that stands for it where the revision does not
// know its kind: audio came with 2025-03-26, links with 2025-06-18.
func known(b tandem.Block, revision string) tandem.Block {
	switch b := b.(type) {
	case tandem.Audio:
		if revision < rev20250326 {
			return tandem.Text{Text: fmt.Sprintf("(audio, %s, %d bytes)", cmp.Or(b.MIMEType, "of unknown type"), len(b.Data))}
		}
	case tandem.Link:
		if revision < rev20250618 {
			return tandem.Text{Text: linkText(b)}
		}
	}
	return b
}

// linkText writes a link as text that a model can follow.
func linkText(l tandem.Link) string {
	text := l.URI
	if name := cmp.Or(l.Title, l.Name); name != "" {
		text = name + ": " + text
	}
	if l.Description != "" {
		text += "\n" + l.Description
	}
	return text
}

// knownMessage returns the message with content that the revision knows.
func knownMessage(m tandem.Message, revision string) tandem.Message {
	m.Content = known(m.Content, revision)
	return m
}
