// Package apply makes the cluster hold the objects that were rendered, and takes away those that no longer are.
//
// It writes by server-side apply, one request an object and none for an object that is known to be as it was applied
// last. A set is applied in steps, see [Plan.Steps]: hooks, waves, and inside a wave stages, in which objects go side by
// side, and one that is refused holds no other up. What it owns, Git rules: fields of those who applied the object before
// are taken over, and conflicts named and won; what a set leaves to others is neither sent nor owned. It deletes only
// what still carries the set's own label, only within a budget, and in the reverse order; and it deletes to make anew only
// where that is allowed and proved to be needed.
//
// A request that failed for the moment is made again a few times (see Config.Retries); besides that, when to try again,
// and to wait for health, are the caller's business, and so is the inventory: it saves [Plan.Refs] before anything is
// applied.
package apply
