package store

import (
	"fmt"
	"strings"
)

const (
	productCount = 500 // SKU-0001 to SKU-0500
	userCount    = 50  // u-001 to u-050
)

// The words that products are named with: a product's category and noun and its
// adjective are unique together.
var (
	warehouseNames = [][2]string{{"default", "Main warehouse"}, {"east", "East warehouse"}, {"west", "West warehouse"}}

	categories = []struct {
		name  string
		nouns [8]string
	}{
		{"lighting", [8]string{"desk lamp", "floor lamp", "light strip", "work light", "bulb set", "lantern", "spotlight", "night light"}},
		{"tools", [8]string{"hammer", "screwdriver set", "hand saw", "spirit level", "torque wrench", "pliers", "tape measure", "clamp"}},
		{"garden", [8]string{"watering can", "rake", "pruning shears", "hose", "planter", "spade", "wheelbarrow", "seed tray"}},
		{"kitchen", [8]string{"saucepan", "chopping board", "kettle", "whisk", "baking tray", "colander", "knife block", "scale"}},
		{"office", [8]string{"stapler", "notebook", "desk organizer", "label printer", "hole punch", "whiteboard", "paper trimmer", "file box"}},
		{"electronics", [8]string{"USB hub", "charger", "headset", "keyboard", "webcam", "power bank", "network switch", "sensor kit"}},
		{"outdoor", [8]string{"tent", "sleeping bag", "camping stove", "water bottle", "backpack", "headlamp", "hammock", "cool box"}},
		{"safety", [8]string{"hard hat", "ear defenders", "safety vest", "first-aid kit", "smoke alarm", "goggles", "glove pack", "knee pads"}},
	}
	adjectives = [8]string{"Foldable", "Compact", "Heavy-duty", "Classic", "Lightweight", "Professional", "Everyday", "Premium"}
	colours    = [][2]string{{"BLK", "black"}, {"RED", "red"}, {"BLU", "blue"}}

	givenNames  = [10]string{"Ada", "Bruno", "Chiara", "Dmitri", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas"}
	familyNames = [5]string{"Hartmann", "Okafor", "Silva", "Nakamura", "Novak"}
)

// firstData returns the first data, the same on every call. A table comes after
// those that it refers to.
func firstData() []table {
	return []table{warehouseRows(), productRows(), variantRows(), stockRows(), userRows()}
}

func warehouseRows() table {
	t := table{name: "warehouses", columns: []string{"id", "name"}}
	for _, w := range warehouseNames {
		t.rows = append(t.rows, []any{w[0], w[1]})
	}
	return t
}

func skuOf(product int) string { return fmt.Sprintf("SKU-%04d", product) }

func productRows() table {
	t := table{name: "products", columns: []string{"sku", "name", "category"}}
	for i := range productCount {
		category := categories[i%len(categories)]
		rest := i / len(categories)
		noun := category.nouns[rest%len(category.nouns)]
		name := adjectives[rest/len(category.nouns)] + " " + noun
		t.rows = append(t.rows, []any{skuOf(i + 1), name, category.name})
	}
	return t
}

// variantRows gives every fifth product its colours.
func variantRows() table {
	t := table{name: "variants", columns: []string{"sku", "product_sku", "name"}}
	for product := 5; product <= productCount; product += 5 {
		for _, colour := range colours {
			t.rows = append(t.rows, []any{skuOf(product) + "-" + colour[0], skuOf(product), colour[1]})
		}
	}
	return t
}

func stockRows() table {
	t := table{name: "stock", columns: []string{"sku", "warehouse_id", "quantity", "shelf", "location"}}
	for product := 1; product <= productCount; product++ {
		for w, warehouse := range warehouseNames {
			booked := quantityOf(product, w)
			found := max(booked-lossOf(product, w), 0)
			t.rows = append(t.rows, []any{skuOf(product), warehouse[0], booked, found, locationOf(product, w)})
		}
	}
	return t
}

// quantityOf spreads 0 to 239 over products and warehouses; every fiftieth product
// is out of stock everywhere, others in one warehouse or another.
func quantityOf(product, warehouse int) int {
	if product%50 == 0 || (product+warehouse)%11 == 0 {
		return 0
	}
	return (product*37 + warehouse*101) % 240
}

// lossOf is how many units are missing from a shelf though the books have them.
func lossOf(product, warehouse int) int {
	if product%40 != 3+warehouse {
		return 0
	}
	return 1 + product%3
}

func locationOf(product, warehouse int) string {
	return fmt.Sprintf("%c-%02d-%d", 'A'+(product+warehouse)%8, 1+product%24, 1+product%5)
}

func userRows() table {
	t := table{name: "users", columns: []string{"id", "name", "email", "role"}}
	roles := [10]string{"admin", "clerk", "clerk", "clerk", "clerk", "clerk", "clerk", "clerk", "auditor", "auditor"}
	for i := range userCount {
		given, family := givenNames[i%len(givenNames)], familyNames[i/len(givenNames)]
		email := strings.ToLower(given+"."+family) + "@example.com"
		t.rows = append(t.rows, []any{fmt.Sprintf("u-%03d", i+1), given + " " + family, email, roles[i%len(roles)]})
	}
	return t
}
