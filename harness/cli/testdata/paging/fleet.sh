#!/bin/sh
# fleet.sh N: a fleet of racks a, b and c with N nodes each, as fleet.yaml.
sed '/- {value/d' "$(dirname "$0")/fleet.yaml" | sed "s/^# Three.*/# Made by fleet.sh./"
for rack in a b c; do
  i=1
  while [ "$i" -le "$1" ]; do
    echo "          - {value: fill_$rack, labels: {node: $rack-$i}}"
    i=$((i + 1))
  done
done
