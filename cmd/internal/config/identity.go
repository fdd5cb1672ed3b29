package config

import (
	"crypto/sha256"
	"fmt"
)

// Identity returns what a pipeline is, to be compared by [reflect.DeepEqual]: two
// declarations with equal ones build the same pipeline, wherever they stand and however
// they are written. The pipeline must have been resolved without mistakes.
func (p *Pipeline) Identity() any {
	return [...]any{identities(p.Sources), identities(p.Filters), identities(p.Sinks)}
}

// stageIdentity is what a stage is. Its plugin is known by its type, since the list it
// is in tells the kind.
type stageIdentity struct {
	Type, Name string
	Settings   any
	Sink       Sink
	Filters    []stageIdentity
}

func identities(stages []Stage) (ids []stageIdentity) {
	for _, s := range stages {
		ids = append(ids, stageIdentity{s.Type, s.called(), s.settings, s.sink, identities(s.Filters)})
	}
	return ids
}

// Hash returns a short text that differs for files which differ in more than
// comments and layout.
func (f *File) Hash() (string, error) {
	text, err := Marshal(f, "yaml")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%x", sum[:8]), nil
}
