package config_test

import (
	"encoding/json"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// TestDescribe compares what programs read of plugins, whose form must not change.
func TestDescribe(t *testing.T) {
	sink := pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
		Type: "nowhere", Summary: "sends packets nowhere",
		Reasons: pipeline.Reasons{1: {Name: "lost", Doc: "it is gone"}},
		Metrics: []pipeline.MetricInfo{
			{Name: "lost_total", Doc: "packets gone", Label: "where"},
			{Name: "depth_metres", Doc: "how far"},
		},
	})
	var infos []catalog.PluginInfo
	for _, p := range []pipeline.Plugin{declared(), plugins[0], plugins[2], plugins[3], sink} {
		infos = append(infos, catalog.Describe(p))
	}
	text, err := json.MarshalIndent(infos, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	goldentest.Compare(t, "testdata/describe.golden", string(text)+"\n")
}

func TestDescribeForPeople(t *testing.T) {
	for _, tc := range []struct {
		setting                        setting.Info
		kind, allowed, example, preset string
	}{
		{catalog.Describe(declared()).Settings[0], "whole number", "1 to 9", "3", "1"},
		{catalog.Describe(declared()).Settings[1], "duration", "1ms to 1h", "10ms", "1s"},
		{catalog.Describe(declared()).Settings[2], "size", "up to 1GiB", "4MiB", "0"},
		{catalog.Describe(declared()).Settings[3], "text", "in, out, both", "in", "in"},
		{catalog.Describe(declared()).Settings[4], "list of whole numbers", "1 to 3", "1, 2", ""},
		{catalog.Describe(declared()).Settings[6], "list of text", "", "a, b", ""},
		{catalog.Describe(plugins[3]).Settings[2], "list of whole numbers", "", "", "1, 2, 3"},
		{catalog.Describe(plugins[0]).Settings[2], "true/false", "", "", "false"},
		{catalog.Describe(plugins[0]).Settings[4], "whole number", "0 to 65535", "", "0"},
	} {
		s := tc.setting
		if s.Kind() != tc.kind || s.Allowed() != tc.allowed || setting.Line(s.Example) != tc.example || setting.Line(s.Default) != tc.preset {
			t.Errorf("%s: %q, %q, %q, %q", s.Name, s.Kind(), s.Allowed(), setting.Line(s.Example), setting.Line(s.Default))
		}
	}
}
