package pipeline

// What tests of the package need and nobody else.
type Clock = clock

const (
	MaxHold        = maxHold
	MaxQueuedBytes = maxQueuedBytes
)

// IPEnd is what tests know it by.
func (p *Packet) IPEnd() int { return p.ipEnd() }
