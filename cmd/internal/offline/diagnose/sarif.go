package diagnose

import (
	"io"
	"net/url"
	"path/filepath"

	"github.com/pmtud/pmtud/cmd/internal/config"
)

// What SARIF 2.1.0 calls things, as far as it is needed here; see
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool       `json:"tool"`
		ColumnKind string          `json:"columnKind"`
		Artifacts  []sarifArtifact `json:"artifacts"`
		Results    []sarifResult   `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifArtifact struct {
		Location sarifURI `json:"location"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifURI     `json:"artifactLocation"`
		Region           *sarifRegion `json:"region,omitempty"`
	}
	sarifRegion struct {
		StartLine   int       `json:"startLine"`
		StartColumn int       `json:"startColumn"`
		Snippet     sarifText `json:"snippet"`
	}
	sarifURI struct {
		URI string `json:"uri"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
)

// rule is the only one: messages say more than identifiers of mistakes could.
const rule = "configuration"

func writeSARIF(w io.Writer, r Report) error {
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "pmtud", Version: r.Version, InformationURI: "https://github.com/pmtud/pmtud",
			Rules: []sarifRule{{rule, sarifText{"A configuration that pmtud refuses, or that may not be intended."}}},
		}},
		ColumnKind: "unicodeCodePoints",
		Artifacts:  []sarifArtifact{},
		Results:    []sarifResult{},
	}
	for _, name := range r.Files {
		run.Artifacts = append(run.Artifacts, sarifArtifact{uri(name)})
	}
	for _, m := range r.Mistakes {
		run.Results = append(run.Results, sarifResultOf(m))
	}
	return encode(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func sarifResultOf(m config.Mistake) sarifResult {
	text := m.Message
	if m.Hint != "" {
		text += "; " + m.Hint
	}
	result := sarifResult{RuleID: rule, Level: severity(m), Message: sarifText{text}}
	if m.File == "" {
		return result
	}
	at := sarifPhysical{ArtifactLocation: uri(m.File)}
	if m.Line > 0 {
		at.Region = &sarifRegion{m.Line, m.Column, sarifText{excerpt(m)}}
	}
	result.Locations = []sarifLocation{{at}}
	return result
}

// uri returns a path as a URI: absolute, or relative to where the program runs.
func uri(path string) sarifURI {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return sarifURI{u.String()}
}
