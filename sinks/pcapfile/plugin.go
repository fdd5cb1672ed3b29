package pcapfile

import (
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Settings are the settings of the sink.
type Settings struct {
	Path    string        `setting:"path" required:"true" example:"/var/lib/pmtud/ptb.pcapng" doc:"file to write; one that exists is renamed, never overwritten"`
	Format  string        `setting:"format" enum:"auto,pcap,pcapng" example:"pcapng" doc:"format of the file; auto is pcapng if the path ends in .pcapng, else pcap"`
	Snaplen int           `setting:"snaplen" min:"1" max:"262144" example:"256" doc:"maximum number of bytes to keep of each packet"`
	MaxSize setting.Size  `setting:"max_size" min:"0" example:"100MiB" doc:"size at which the file is rotated, such as 10MiB; 0 for never"`
	MaxAge  time.Duration `setting:"max_age" min:"0s" example:"24h" doc:"age in packet time at which the file is rotated, such as 24h; 0 for never"`
	Keep    int           `setting:"keep" min:"0" example:"10" doc:"number of rotated files to keep; 0 for all"`
}

// auto is the format that the path's ending asks for.
const auto = "auto"

// Why packets are not in the file.
const (
	diskFull pipeline.Reason = iota + 1
	writeError
	linkType
	timeStamp
)

// Plugin returns the sink pcap-file.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "pcap-file",
		Summary: "writes packets to capture files, with rotation",
		Reasons: pipeline.Reasons{
			diskFull:   {Name: "disk-full", Doc: "the disk or the quota is full"},
			writeError: {Name: "write-error", Doc: "the file cannot be created or written"},
			linkType:   {Name: "link-type", Doc: "a pcap file holds packets of one link type, and this one has another", PacketFault: true},
			timeStamp:  {Name: "time-stamp", Doc: "captured before 1970 or, for pcap, after 2106", PacketFault: true},
		},
		Metrics:  metrics(),
		Defaults: Settings{Format: auto, Snaplen: capfile.MaxPacket},
		New:      build,
	})
}

func build(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	encoder, err := s.encoder()
	if err != nil {
		return nil, err
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	return newSink(s, encoder, env.Log.With("path", s.Path)), nil
}

// encoder checks the settings and returns what makes files of them.
func (s Settings) encoder() (e capfile.Encoder, err error) {
	e = capfile.Encoder{Format: capfile.FormatOf(s.Path), Snaplen: s.Snaplen, Application: "pmtud"}
	const least = 1024 // so that a size without its unit is noticed
	switch {
	case strings.HasSuffix(s.Path, string(filepath.Separator)):
		return e, setting.Errorf("path", "%q is not the path of a file", s.Path)
	case s.Path == "-":
		return e, setting.Errorf("path", "standard output is not supported; write the path of a file")
	case capfile.Compressed(s.Path):
		return e, setting.Errorf("path", "%s: files are not written compressed; leave the last ending out", s.Path)
	case s.MaxSize > 0 && s.MaxSize < least:
		return e, setting.Errorf("max_size", "%v is less than %d bytes; write for example 10MiB", s.MaxSize, least)
	}
	if s.Format != auto {
		if err := e.Format.UnmarshalText([]byte(s.Format)); err != nil {
			return e, setting.Errorf("format", "%w", err)
		}
	}
	return e, nil
}
