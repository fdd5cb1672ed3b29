package pipeline

// A HostChecker is a stage that can tell, before it is opened, what of the host would keep it from
// its work. What its [Needs] name is looked at without it.
type HostChecker interface {
	// CheckHost looks at the host and returns what it found. It changes nothing that others
	// can see, and needs no Open.
	CheckHost() []HostFinding
}

// HostFinding is what was found about one thing of the host.
type HostFinding struct {
	Subject string // "device pmtud0"
	State   string // "is down"
	Advice  string // what to do about it; empty if all is well
	Stops   bool   // the stage will not work, or only for some packets
}
