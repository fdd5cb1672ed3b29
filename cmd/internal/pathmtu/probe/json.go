package probe

import "encoding/json"

// UnmarshalJSON reads what MarshalJSON has written.
func (m *Milliseconds) UnmarshalJSON(data []byte) error {
	var value float64
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	*m = Milliseconds(value * 1e6)
	return nil
}
