package pipelinetest

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

var (
	kebabCase = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

// reserved are the names of settings that stages have whatever their plugins.
var reserved = []string{"type", "name", "filters", "queue"}

// testDeclaration checks what tools read of a plugin.
func testDeclaration(t *testing.T, plugin pipeline.Plugin, kind pipeline.Kind) {
	if plugin.Kind != kind {
		t.Fatalf("plugin %s is a %v, not a %v", plugin.Type, plugin.Kind, kind)
	}
	if !kebabCase.MatchString(plugin.Type) {
		t.Errorf("type %q is not kebab-case", plugin.Type)
	}
	if plugin.Summary == "" {
		t.Error("no summary")
	}
	for i, r := range plugin.Reasons {
		if !kebabCase.MatchString(r.Name) {
			t.Errorf("reason %q is not kebab-case", r.Name)
		}
		if r.Doc == "" {
			t.Errorf("reason %q has no doc", r.Name)
		}
		if slices.ContainsFunc(plugin.Reasons[:i], func(o pipeline.ReasonInfo) bool { return o.Name == r.Name }) {
			t.Errorf("reason %q is declared twice", r.Name)
		}
	}
	testMetrics(t, plugin.Metrics)
	testSettings(t, plugin)
}

func testMetrics(t *testing.T, metrics []pipeline.MetricInfo) {
	for _, m := range metrics {
		if !snakeCase.MatchString(m.Name) || m.Doc == "" || m.Label != "" && !snakeCase.MatchString(m.Label) {
			t.Errorf("metric %q, label %q: not snake_case, or no doc", m.Name, m.Label)
		}
	}
}

func testSettings(t *testing.T, plugin pipeline.Plugin) {
	v := reflect.ValueOf(plugin.NewSettings())
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		t.Fatalf("settings are a %v, not a pointer to a struct", v.Type())
	}
	for _, field := range reflect.VisibleFields(v.Elem().Type()) {
		if field.Anonymous && field.Tag == "" {
			continue // its own fields follow
		}
		if name := field.Tag.Get("setting"); !snakeCase.MatchString(name) {
			t.Errorf("field %s: setting %q is not snake_case", field.Name, name)
		}
		if slices.Contains(reserved, field.Tag.Get("setting")) {
			t.Errorf("field %s: every stage, or every sink, has a setting of that name", field.Name)
		}
		if field.Tag.Get("doc") == "" {
			t.Errorf("field %s has no doc tag", field.Name)
		}
		for tag := range strings.FieldsSeq("required min max enum pattern example") {
			if value, ok := field.Tag.Lookup(tag); ok && value == "" {
				t.Errorf("field %s: tag %s is empty", field.Name, tag)
			}
		}
	}
	for _, s := range setting.Of(v.Interface()) {
		testSetting(t, s, v.Elem().FieldByIndex(s.Field.Index))
	}
	if again := plugin.NewSettings(); v.Interface() == again && v.Elem().NumField() > 0 {
		t.Error("two calls of NewSettings return the same settings")
	}
}

// testSetting checks that what the tags say of a setting agrees with its default
// and its example.
func testSetting(t *testing.T, s setting.Info, value reflect.Value) {
	if err := s.Check(value); err != nil && !s.Required {
		t.Errorf("setting %s: the default %v", s.Name, err)
	}
	if s.Required && s.Example == nil {
		t.Errorf("setting %s is required, but has no example tag", s.Name)
	}
	for _, tag := range []string{"example", "min", "max"} {
		text := s.Field.Tag.Get(tag)
		if text == "" {
			continue
		}
		v, err := setting.Parse(text, s.Field.Type)
		if err == nil {
			err = s.Check(v)
		}
		if err != nil {
			t.Errorf("setting %s: tag %s %s: %v", s.Name, tag, text, err)
		}
	}
	pattern, err := regexp.Compile(s.Pattern)
	if err != nil {
		t.Fatalf("setting %s: tag pattern: %v", s.Name, err)
	}
	texts := strings.Split(s.Field.Tag.Get("example"), ",")
	if !s.Required && value.Kind() != reflect.Slice {
		texts = append(texts, setting.Format(value))
	}
	for _, text := range texts {
		if text != "" && !pattern.MatchString(text) {
			t.Errorf("setting %s: %q does not match the pattern", s.Name, text)
		}
	}
	for _, text := range s.Enum {
		if _, err := setting.Parse(text, setting.Element(s.Field.Type)); err != nil {
			t.Errorf("setting %s: tag enum: %v", s.Name, err)
		}
	}
}

// buildStage builds a stage, with the defaults if settings is nil, and checks that
// this touches nothing.
func buildStage[T any](t *testing.T, plugin pipeline.Plugin, settings any, env pipeline.Env) T {
	t.Helper()
	if settings == nil {
		settings = plugin.NewSettings()
	}
	before := openFiles()
	stage, err := plugin.Build(settings, env)
	if err != nil {
		t.Fatalf("build %s: %v", plugin.Type, err)
	}
	if after := stillOpen(before); after > before {
		t.Errorf("building opened files: %d before, %d after", before, after)
	}
	return stage.(T)
}
