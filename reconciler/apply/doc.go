// Package apply makes the cluster hold the objects that were rendered, and takes away those that no longer are.
//
// It writes by server-side apply, one request an object and none for an object that is known to be as it was applied
// last. Namespaces and custom resource definitions go first; the rest goes side by side, and one object that is refused
// holds no other up. It deletes only what still carries the Sync's own label, and only within a budget.
//
// It decides nothing about when: it neither retries nor waits for health, and it keeps no inventory. The caller saves
// [Plan.Refs] before it calls [Applier.Apply].
package apply
