package mcp

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/tandem-go/tandem"
)

// implementation names the service, as initialize and _meta do.
type implementation struct {
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
}

func implementationOf(svc *tandem.Service) implementation {
	return implementation{Name: svc.Name(), Title: svc.Info.Title, Version: svc.Version()}
}

// encodeServer returns the service as an Implementation, and as the _meta member
// of a modern result: 2026-07-28, section "Per-response protocol fields".
func encodeServer(svc *tandem.Service) (info, metaMember []byte, err error) {
	if info, err = json.Marshal(implementationOf(svc)); err != nil {
		return nil, nil, err
	}
	metaMember = append([]byte(`"_meta":{"`+metaServer+`":`), info...)
	return info, append(metaMember, '}'), nil
}

// instructions returns the member that tells models how to use the service.
func instructions(svc *tandem.Service) []byte {
	if svc.Info.Instructions == "" {
		return nil
	}
	return appendString([]byte(`,"instructions":`), []byte(svc.Info.Instructions))
}

// appendInitialize appends an InitializeResult, 2025-11-25, section
// "Initialization".
func (d *Door) appendInitialize(dst []byte, has features, revision string) []byte {
	dst = append(dst, `{"protocolVersion":"`+revision+`","capabilities":`...)
	dst = append(append(dst, has.capabilities()...), `,"serverInfo":`...)
	dst = append(append(dst, d.serverInfo...), instructions(d.svc)...)
	return append(dst, '}')
}

// appendDiscover appends a DiscoverResult, 2026-07-28, section "Discovery".
func (d *Door) appendDiscover(ctx context.Context, dst []byte) ([]byte, error) {
	s, err := d.sight(ctx)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"resultType":"complete","supportedVersions":`+allRevisionsJSON+`,"capabilities":`...)
	dst = append(append(dst, s.has(ctx).capabilities()...), instructions(d.svc)...)
	dst = append(append(dst, d.cacheHints(d.cfg.HideForbidden)...), ',')
	return append(append(dst, d.serverMeta...), '}'), nil
}
