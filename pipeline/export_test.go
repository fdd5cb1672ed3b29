package pipeline

// What tests of the package need and nobody else.
type Clock = clock

const (
	MaxHold        = maxHold
	MaxQueuedBytes = maxQueuedBytes
)
