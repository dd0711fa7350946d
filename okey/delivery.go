package okey

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryDraft     DeliveryState = "draft"      // shown, not taken yet
	DeliveryInTransit DeliveryState = "in_transit" // announced: keys of it are on their way
	DeliveryArrived   DeliveryState = "arrived"
)

var deliveryStateNames = map[DeliveryState]string{
	DeliveryDraft: "à vérifier", DeliveryInTransit: "annoncée", DeliveryArrived: "arrivée",
}

// French names the state on pages.
func (s DeliveryState) French() string { return deliveryStateNames[s] }
