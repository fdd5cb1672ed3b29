package manual

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

const configIntro = `Pipelines of sources, filters and sinks are declared in files for "pmtud run -c". The
end of a file's name tells its format: .yaml or .yml, .toml, .json. In a folder, all
such files are read in the order of their names, and one with comments only is ignored.
The pipelines of all files run together; a pipeline or top-level setting that appears
twice is a mistake. A file may be up to 1 MiB long, and a mapping in it may have up to
1000 names.

"pmtud check" reports every mistake with its file, line and column, "pmtud config"
shows the effective configuration, and "pmtud init" writes one to start from.`

const configExample = `
  pipelines:
    edge:
      sources:
        - type: pcap
          interface: eth0
      filters:
        - type: icmp-ptb
        - type: mtu
          max: 1499
      sinks:
        - type: broadcast
          interface: eth0`

const configPipelines = `Each pipeline has lists of sources, filters and sinks. The entries, called stages, have
a type, which names the plugin, and its settings. A packet has to pass all filters, in
the order of the file; every sink gets each packet that passed.`

const configVariables = `Variables are replaced in text values; in names they are a mistake. Where a list is
expected, commas and line ends separate its elements, and # begins a comment:`

// Config returns the manual page of configuration files.
func Config(plugins []pipeline.Plugin) string {
	p := newPage("pmtud", "pmtud.conf", 5, "configuration files of pmtud")
	p.heading("DESCRIPTION")
	p.paragraphs(configIntro)
	p.heading("PIPELINES")
	p.paragraphs(configPipelines)
	p.paragraphs(strings.TrimPrefix(configExample, "\n"))
	p.line(".PP")
	p.line("A stage may also have:")
	p.item(bold("name"))
	p.line("what it is called in counters and messages; its type if not set")
	p.item(bold("filters"))
	p.line("for a sink: filters that decide about packets for this sink alone")
	p.line(".PP")
	p.line("A sink may also have a queue, in YAML as %s:", bold("queue: {size: 4096, max_age: 1s}"))
	for _, s := range setting.Describe(config.SinkSettings()) {
		p.setting("", s)
	}
	p.global(setting.Describe(config.GlobalSettings()))
	p.variables()
	for _, kind := range []pipeline.Kind{pipeline.KindSource, pipeline.KindFilter, pipeline.KindSink} {
		p.heading(strings.ToUpper(kind.String()) + "S")
		for _, plugin := range plugins {
			if plugin.Kind == kind {
				p.plugin(catalog.Describe(plugin))
			}
		}
	}
	p.heading("SEE ALSO")
	p.line(`%s(1), %s(1), %s(1)`, bold("pmtud"), bold("pmtud-run"), bold("pmtud-check"))
	return p.text.String()
}

func (p *page) global(settings []setting.Info) {
	p.heading("TOP LEVEL")
	p.line("Settings of the program as a whole go beside %s.", bold("pipelines"))
	for _, s := range settings {
		p.setting("", s)
	}
}

func (p *page) variables() {
	p.heading("VARIABLES")
	p.paragraphs(configVariables)
	for _, v := range [][2]string{
		{"${NAME}", "environment variable; it must be set"},
		{"${NAME:-DEFAULT}", "the same, or DEFAULT if it is unset or empty"},
		{"${NAME:?MESSAGE}", "the same; MESSAGE says what to do if it is unset or empty"},
		{"${file:PATH}", "content of the file; PATH is relative to the folder of the configuration file"},
		{"$$", "a dollar sign"},
	} {
		p.item(bold(v[0]))
		p.line("%s", escape(v[1]))
	}
}

func (p *page) plugin(info catalog.PluginInfo) {
	p.subheading(info.Type)
	p.line("%s.", escape(capital(info.Summary)))
	for _, s := range info.Settings {
		p.setting("", s)
	}
	if len(info.Reasons) > 0 {
		p.line(".PP")
		p.line("%s", map[string]string{"filter": "It drops packets for these reasons:", "sink": "It fails to deliver packets for these reasons:"}[info.Kind])
	}
	for _, r := range info.Reasons {
		p.item(italic(r.Name))
		p.line("%s", escape(r.Doc))
	}
	if len(info.Metrics) > 0 {
		p.line(".PP")
		p.line("Its metrics are:")
	}
	for _, m := range info.Metrics {
		p.item(italic(m.Name))
		p.line("%s", escape(metricText(m)))
	}
}

// setting writes a setting, or those of a section.
func (p *page) setting(section string, s setting.Info) {
	for _, inner := range s.Settings {
		p.setting(section+s.Name+".", inner)
	}
	if s.Type == setting.Section {
		return
	}
	p.item(fmt.Sprintf("%s (%s)", bold(section+s.Name), escape(facts(s))))
	p.line("%s", escape(s.Doc))
	if example := setting.Line(s.Example); example != "" {
		p.line(".br")
		p.line("Example: %s", escape(example))
	}
}

// facts returns a setting's type, bounds and default in one line.
func facts(s setting.Info) string {
	text := s.Kind()
	if allowed := s.Allowed(); allowed != "" {
		text += ": " + allowed
	}
	switch value := setting.Line(s.Default); {
	case s.Required:
		text += "; required"
	case value != "":
		text += "; default " + value
	}
	return text
}

func metricText(m catalog.MetricInfo) string {
	if m.Label == "" {
		return fmt.Sprintf("%s (%s)", m.Doc, m.Kind)
	}
	return fmt.Sprintf("%s (%s, by %s)", m.Doc, m.Kind, m.Label)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
