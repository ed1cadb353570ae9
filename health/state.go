package health

import "context"

// stateComponent is the name under which the state that replicas share is reported.
const stateComponent = "state"

// doorComponents checks the shared state and the MCP door, which needs it. While
// the state is out of reach the door is not asked: it would only wait.
func (h *Readiness) doorComponents(ctx context.Context, mount string, report func(string, Component)) {
	state := h.checkState(ctx, report)
	p := h.config.Protocol
	if p == nil || state.Status != OK {
		return
	}
	door := p.check(ctx, mount).component()
	report(doorComponent, door)
	if door.Status != OK {
		h.checkState(ctx, report) // it may have gone meanwhile, and be the cause
	}
}

func (h *Readiness) checkState(ctx context.Context, report func(string, Component)) Component {
	if h.state == nil {
		return Component{Status: OK}
	}
	ctx, cancel := context.WithTimeout(ctx, h.config.Timeout/2)
	defer cancel()
	c := h.state.check(ctx)
	report(stateComponent, c)
	return c
}

// verdict is the state of the whole. An outage of the shared state is every
// replica's: if all of them were taken out of service, a balancer would answer for
// them, without Retry-After, and in the place of what still works.
func (h *Readiness) verdict(components map[string]Component) Status {
	stateless := h.state != nil && components[stateComponent].Status != OK
	for name, c := range components {
		caused := stateless && (name == stateComponent || name == doorComponent)
		if c.Status != OK && !caused {
			return Failing
		}
	}
	if stateless {
		return Degraded
	}
	return OK
}
