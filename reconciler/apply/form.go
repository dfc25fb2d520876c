package apply

import (
	"encoding/json"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Forms returns, by identity, the sum of the form in which each object of the plan is sent, as [Memory] hears it. Objects
// that aren't remembered aren't among them: hooks, those that are created only, and those that can't be encoded.
func (p *Plan) Forms() map[inventory.ObjectRef]Digest {
	forms := make(map[inventory.ObjectRef]Digest, len(p.items))
	for _, it := range p.items {
		if it.traits.hook() || it.traits.once {
			continue
		}
		if body, err := json.Marshal(it.object); err == nil {
			forms[it.ref.Identity()] = digest(body)
		}
	}
	return forms
}
