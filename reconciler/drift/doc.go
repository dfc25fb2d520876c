// Package drift sees when an object no longer carries what was applied to it, or is gone, the moment it happens.
//
// A [Watcher] remembers of each applied object the form that was sent and the set of fields that the API server then
// booked as ours (metadata.managedFields, the entry of our own server-side apply). Metadata-only watches by the ApplySet
// label tell of every later change. Drift is when that set has shrunk, which is what a scale, a patch, another manager's
// forced apply each do to it, or when the object or its label is gone. What others add beside our fields isn't drift.
//
// A relist, a cut watch or a late event therefore heals nothing by itself: what is compared is what an object holds, and
// never that something was heard of it. What a watch shows before an apply has answered is compared with that answer,
// too: a controller's next write may be heard first. The package writes nothing; healing is one apply, done by who is notified.
//
// It is an [apply.Memory] as well: what it knows to be untouched needn't be written again.
package drift
