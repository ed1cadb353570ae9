package rest

const MaxHiddenRoutes = maxHiddenRoutes

// HiddenRoutes returns how many routes are kept of callers who may not see all.
func (h *Handler) HiddenRoutes() int {
	hidden := &h.current().hidden
	hidden.mu.Lock()
	defer hidden.mu.Unlock()
	return len(hidden.all)
}
