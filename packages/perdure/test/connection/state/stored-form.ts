import { Deserializer, Serializer } from "node:v8";

/** A value as the platform stores it: Node's own `serialize` writes views in a form of its own. */
export function toStored(value: unknown): Buffer {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** A new value from the stored form. */
export function fromStored(stored: Buffer): unknown {
  const deserializer = new Deserializer(stored);
  deserializer.readHeader();
  return deserializer.readValue();
}
