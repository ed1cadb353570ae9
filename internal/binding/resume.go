package binding

// The headers by which a caller resumes a call that has asked it.
const (
	StateHeader   = "Tandem-Request-State"
	AnswersHeader = "Tandem-Input-Responses"
)
