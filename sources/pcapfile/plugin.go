package pcapfile

import (
	"path/filepath"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Settings are the settings of the source.
type Settings struct {
	Path    []string `setting:"path" required:"true" example:"/var/lib/pmtud/edge.pcap" doc:"capture files, one after another: paths, patterns such as edge-*.pcap, or - for standard input"`
	Speed   Speed    `setting:"speed" pattern:"^(max|original|[0-9.]+([eE][-+]?[0-9]+)?)$" example:"original" doc:"how fast to read: max, original, or a multiple of the original speed such as 2 or 0.5"`
	Loop    bool     `setting:"loop" example:"true" doc:"start again after the last file, forever"`
	Snaplen int      `setting:"snaplen" min:"0" example:"2048" doc:"bytes to take of each packet; 0 for all"`
}

// Plugin returns the source pcap-file.
func Plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[Settings]{
		Type:     "pcap-file",
		Summary:  "reads capture files: pcap or pcapng, plain, gzip or zstd",
		Lossless: true,
		New:      build,
	})
}

func build(s Settings, env pipeline.Env) (pipeline.Source, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return &source{settings: s, stdin: env.Stdin, log: env.Log}, nil
}

func (s Settings) check() error {
	for i, path := range s.Path {
		if err := checkPath(path, slices.Contains(s.Path[:i], path)); err != nil {
			return err
		}
	}
	if s.Loop && slices.Contains(s.Path, capfile.Stdin) {
		return setting.Errorf("loop", "standard input can be read only once")
	}
	return nil
}

func checkPath(path string, again bool) error {
	switch {
	case path == "":
		return setting.Errorf("path", "is empty")
	case path != capfile.Stdin:
		if _, err := filepath.Match(path, ""); err != nil {
			return setting.Errorf("path", "%q is not a pattern of file names: a [ is not closed, or it ends in \\", path)
		}
	case again:
		return setting.Errorf("path", "standard input can be read only once")
	}
	return nil
}
